import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Agent } from 'undici';
import { RefsClient } from './refs-client.js';

const OID = 'a'.repeat(40);
const PEELED = 'b'.repeat(40);
const line = (text: string): string =>
  `${(Buffer.byteLength(text) + 5).toString(16).padStart(4, '0')}${text}\n`;
const V2 = `${line('# service=git-upload-pack')}0000${line('version 2')}${line('ls-refs=unborn')}${line('object-format=sha1')}0000`;
const REFS = `${line(`${OID} HEAD symref-target:refs/heads/main`)}${line(`${OID} refs/heads/main`)}${line(`${OID} refs/tags/v1 peeled:${PEELED}`)}0000`;

let server: Server | undefined;
let agent: Agent | undefined;
afterEach(async () => {
  await agent?.destroy();
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
});

interface Given {
  readonly client: RefsClient;
  readonly url: string;
  readonly seen: string[];
}

async function given(answer: RequestListener): Promise<Given> {
  const seen: string[] = [];
  server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`.trim());
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  agent = new Agent({ headersTimeout: 500, bodyTimeout: 500 });
  const { port } = server.address() as { port: number };
  return { client: new RefsClient(agent), url: `http://127.0.0.1:${port}/acme/widget.git`, seen };
}

/** A host that speaks v2, and answers ls-refs with `body`. */
const v2 =
  (body: string | Buffer): RequestListener =>
  (request, response) => {
    const kind = request.method === 'GET' ? 'advertisement' : 'result';
    response.writeHead(200, { 'content-type': `application/x-git-upload-pack-${kind}` });
    response.end(request.method === 'GET' ? V2 : body);
  };

const ask = ({ client, url }: Given): Promise<unknown> => client.ask({ url, authorization: 'Basic abc' });

describe('asking a primary for refs', () => {
  it('reads heads, peeled tags and where HEAD points', async () => {
    expect(await ask(await given(v2(REFS)))).toEqual({
      objectFormat: 'sha1',
      headTarget: 'refs/heads/main',
      headOid: OID,
      refs: [
        { name: 'refs/heads/main', oid: OID },
        { name: 'refs/tags/v1', oid: OID, peeled: PEELED },
      ],
    });
  });

  it('costs one request once the host is known, and sends the credential with each', async () => {
    const host = await given(v2(REFS));
    await ask(host);
    await ask(host);
    expect(host.seen).toEqual([
      'GET /acme/widget.git/info/refs?service=git-upload-pack Basic abc',
      'POST /acme/widget.git/git-upload-pack Basic abc',
      'POST /acme/widget.git/git-upload-pack Basic abc',
    ]);
  });

  it('reads an unborn HEAD', async () => {
    const host = await given(v2(`${line('unborn HEAD symref-target:refs/heads/trunk')}0000`));
    expect(await ask(host)).toMatchObject({ headTarget: 'refs/heads/trunk', headOid: undefined, refs: [] });
  });

  it('reads the long advertisement of a host that speaks no v2', async () => {
    const first = `${OID} HEAD\0multi_ack symref=HEAD:refs/heads/main object-format=sha1`;
    const body = `${line('# service=git-upload-pack')}0000${line(first)}${line(`${OID} refs/heads/main`)}${line(`${OID} refs/tags/v1`)}${line(`${PEELED} refs/tags/v1^{}`)}0000`;
    const host = await given((_, response) =>
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' }).end(body),
    );
    expect(await ask(host)).toMatchObject({
      headTarget: 'refs/heads/main',
      refs: [{ oid: OID }, { peeled: PEELED }],
    });
  });

  it('leaves out names that are ours, and names that are not UTF-8', async () => {
    const bad = Buffer.concat([Buffer.from(`${OID} refs/heads/`), Buffer.from([0xff]), Buffer.from('\n')]);
    const body = Buffer.concat([
      Buffer.from((bad.length + 4).toString(16).padStart(4, '0')),
      bad,
      Buffer.from(`${line(`${OID} refs/antipode/pins/1/x`)}${line(`${OID} refs/heads/ok`)}0000`),
    ]);
    expect(await ask(await given(v2(body)))).toMatchObject({ refs: [{ name: 'refs/heads/ok' }] });
  });

  it.each([
    ['cut inside a packet', REFS.slice(0, 30)],
    ['cut between packets, where it still parses', REFS.slice(0, -4)],
    ['empty', ''],
    ['an error packet', `${line('ERR upload-pack: not today')}0000`],
    ['no packets at all', '<html>login</html>'],
  ])('does not take an answer that is %s', async (_, body) => {
    await expect(ask(await given(v2(body)))).rejects.toMatchObject({ code: 'primary_misbehaved' });
  });

  it.each([
    [401, 'unauthenticated'],
    [403, 'denied'],
    [404, 'not_found'],
    [429, 'primary_limited'],
    [500, 'primary_unavailable'],
    [503, 'primary_unavailable'],
    [302, 'primary_misbehaved'],
  ])('calls a %i %s', async (status, code) => {
    const host = await given((_, response) =>
      response
        .writeHead(status, { location: '/elsewhere', 'content-type': 'text/plain' })
        .end('Enable two-step.'),
    );
    await expect(ask(host)).rejects.toMatchObject({ code });
    expect(host.seen).toHaveLength(1);
  });

  it('gives up on a host that hangs, or that is not there', async () => {
    const host = await given(() => undefined);
    await expect(ask(host)).rejects.toMatchObject({ code: 'primary_unavailable' });
    const gone = { ...host, url: 'http://127.0.0.1:1/x.git' };
    await expect(ask(gone)).rejects.toMatchObject({ code: 'primary_unavailable' });
  });

  it('gives up on a body that is dropped midway', async () => {
    const host = await given((request, response) => {
      if (request.method === 'GET') return v2('')(request, response);
      response.writeHead(200, {
        'content-type': 'application/x-git-upload-pack-result',
        'content-length': 5000,
      });
      response.write(REFS);
      setTimeout(() => response.destroy(), 20);
    });
    await expect(ask(host)).rejects.toMatchObject({ code: 'primary_unavailable' });
  });

  it('finds a host again that has stopped to speak v2', async () => {
    let modern = true;
    const old = `${line('# service=git-upload-pack')}0000${line(`${OID} refs/heads/old\0ofs-delta`)}0000`;
    const host = await given((request, response) => {
      if (modern) return v2(REFS)(request, response);
      const get = request.method === 'GET';
      response.writeHead(get ? 200 : 400, { 'content-type': 'application/x-git-upload-pack-advertisement' });
      response.end(get ? old : '');
    });
    await ask(host);
    modern = false;
    expect(await ask(host)).toMatchObject({ refs: [{ name: 'refs/heads/old' }] });
  });
});
