import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { createPrimary, primarySettings, type Primary } from '@antipode/primary';

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: unknown;
  readonly deprecated?: boolean;
}
interface Api {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

const file = process.env['BITBUCKET_OPENAPI'] ?? resolve('../shared/reference/bitbucket-cloud-openapi.json');
const api = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Api) : undefined;

/** List operations do not declare these, although every one of them takes them. */
const UNDECLARED = new Set(['page', 'pagelen', 'fields']);

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

let server: Server;
let primary: Primary;
const sent: Sent[] = [];
const HOOK = '{66dd66dd-0000-4000-8000-000000000001}';
const url = 'https://mirror.example/-/webhooks/one';

/** Answers every request with something that lets the adapter go on, and writes down what it asked. */
beforeAll(async () => {
  let hooks: unknown[] = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const asked = new URL(request.url ?? '', 'http://x');
      const text = Buffer.concat(chunks).toString();
      const body = text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>);
      const method = request.method ?? '';
      sent.push({
        method,
        path: asked.pathname.replace('/2.0', ''),
        query: [...asked.searchParams.keys()],
        body,
      });
      if (method === 'POST') hooks = [{ uuid: HOOK, url }];
      response.writeHead(method === 'DELETE' ? 204 : 200, { 'content-type': 'application/json' });
      response.end(
        method === 'DELETE' ? '' : JSON.stringify(method === 'GET' ? { values: hooks } : { uuid: HOOK, url }),
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const settings = { PRIMARY_API_URL: `http://127.0.0.1:${port}/2.0`, PRIMARY_WORKSPACE: 'acme' };
  primary = createPrimary(z.object(primarySettings).parse(settings));
});

afterAll(async () => {
  await primary.close();
  server.closeAllConnections();
  await new Promise((resolve_) => server.close(resolve_));
});

const describeWith = api ? describe : describe.skip;

describeWith('the requests of the adapter, held against Bitbucket’s own OpenAPI file', () => {
  it('are all of the documented operations, parameters and bodies', async () => {
    await everything();
    expect(sent.map(({ method }) => method)).toEqual(
      expect.arrayContaining(['GET', 'POST', 'PUT', 'DELETE']),
    );
    for (const request of sent) {
      const operation = find(request);
      expect([`${request.method} ${request.path}`, operation !== undefined]).toEqual([
        `${request.method} ${request.path}`,
        true,
      ]);
      expect(operation?.deprecated ?? false).toBe(false);
      const declared = new Set(
        operation?.parameters?.filter((one) => one.in === 'query').map(({ name }) => name),
      );
      expect(request.query.filter((name) => !declared.has(name) && !UNDECLARED.has(name))).toEqual([]);
    }
  });

  it('write webhooks with known members and known events', () => {
    const schema = JSON.stringify(api?.components.schemas['webhook_subscription']);
    const bodies = sent
      .filter(({ method }) => method === 'POST' || method === 'PUT')
      .map(({ body }) => body ?? {});
    expect(bodies.length).toBeGreaterThan(0);
    for (const body of bodies) {
      for (const word of [...Object.keys(body), ...(body['events'] as string[])])
        expect(schema).toContain(`"${word}"`);
    }
  });
});

async function everything(): Promise<void> {
  const { discovery, people, webhooks } = primary;
  const credential = { token: 't' };
  await discovery?.listProjects(credential);
  for (const projectKey of [undefined, 'WEB']) {
    const options = projectKey === undefined ? { credential } : { credential, projectKey };
    for await (const page of discovery?.listRepositories(options) ?? []) void page;
  }
  for (let i = 0; i < 2; i += 1) await webhooks?.ensure({ credential, url, secret: 's' });
  await webhooks?.remove({ credential, id: HOOK });
  // What is answered here makes no person; what is asked is looked at.
  await Promise.allSettled([
    people?.identify(credential),
    people?.workspaces(credential),
    people?.roleIn(credential, 'acme'),
    people?.readable(credential, 'acme'),
  ]);
}

/** The operation of a path with its parameters filled in. */
function find({ method, path }: Sent): Operation | undefined {
  const matching = Object.entries(api?.paths ?? {}).filter(([template]) =>
    new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path),
  );
  const [found] = matching.flatMap(([template, item]) => {
    const operation = item[method.toLowerCase()];
    if (!operation) return [];
    const shared =
      (api?.paths[template] as { parameters?: Operation['parameters'] } | undefined)?.parameters ?? [];
    return [{ ...operation, parameters: [...(operation.parameters ?? []), ...shared] }];
  });
  return found;
}
