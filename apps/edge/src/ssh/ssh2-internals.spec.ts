import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import ssh2, { type Connection } from 'ssh2';
import { hasNativeCrypto, offerNoSha1 } from './ssh2-internals.js';

describe("ssh2's insides", () => {
  it('are where we take them from', async () => {
    expect(typeof hasNativeCrypto()).toBe('boolean');
    const { private: rsa } = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 });
    const server = new ssh2.Server({ hostKeys: [rsa] });
    server.on('connection', (client: Connection) => {
      client.on('error', () => undefined);
      offerNoSha1(client);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const handshake = async (algorithm: string): Promise<string> => {
      const client = new ssh2.Client();
      const done = new Promise<string>((resolve) => {
        client.once('handshake', ({ serverHostKey }: { serverHostKey: string }) => resolve(serverHostKey));
        client.once('error', () => resolve('none'));
      });
      const { port } = server.address() as AddressInfo;
      client.connect({
        username: 'git',
        host: '127.0.0.1',
        port,
        algorithms: { serverHostKey: [algorithm] as never },
      });
      const negotiated = await done;
      client.on('error', () => undefined).destroy();
      return negotiated;
    };
    // A host key with SHA-1 is not to be had.
    expect(await handshake('ssh-rsa')).toBe('none');
    expect(await handshake('rsa-sha2-512')).toBe('rsa-sha2-512');
    server.close();
  });
});
