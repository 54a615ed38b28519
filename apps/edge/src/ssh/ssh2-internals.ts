/**
 * What this door needs of ssh2 that ssh2 does not offer, in one place. ssh2-internals.spec.ts fails when a new version
 * of ssh2 has moved it.
 */
import type { Channel, Connection } from 'ssh2';
import ssh2Kex from 'ssh2/lib/protocol/kex.js';
import ssh2Crypto from 'ssh2/lib/protocol/crypto.js';
import { AntipodeError } from '@antipode/errors';

interface Offer {
  readonly lists: {
    readonly kex: { readonly array: string[] };
    readonly serverHostKey: { readonly array: string[] };
    readonly cs: Record<'cipher' | 'mac' | 'compress' | 'lang', { readonly array: string[] }>;
  };
}

interface Internals {
  readonly _protocol: {
    _offer: Offer;
    openssh_authAgent(channel: number, window: number, packet: number): void;
  };
  readonly _chanMgr: { add(opened: Opened): number; remove(channel: number): void };
}

interface Opened {
  (error: Error | undefined, channel: Channel): void;
  type?: string;
}

/** As lib/Channel.js has them. */
const WINDOW = 2 * 1024 * 1024;
const PACKET = 32 * 1024;

const internalsOf = (client: Connection): Internals => client as unknown as Internals;

/** False where ciphers run in JavaScript: several times slower, and otherwise the same. */
export const hasNativeCrypto = (): boolean => ssh2Crypto.bindingAvailable;

/**
 * Takes "ssh-rsa", a host key with SHA-1 signatures, out of what the server offers: ssh2 adds it to every RSA key.
 * To be called before the key exchange: when the server says 'connection'.
 */
export function offerNoSha1(client: Connection): void {
  const protocol = internalsOf(client)._protocol;
  protocol._offer = withoutSha1(protocol._offer);
}

const mended = new WeakMap<Offer, Offer>();

/** All connections of a server share its offer. */
function withoutSha1(offer: Offer): Offer {
  const known = mended.get(offer);
  if (known) return known;
  const { kex, serverHostKey, cs } = offer.lists;
  const streams = {
    cipher: cs.cipher.array,
    mac: cs.mac.array,
    compress: cs.compress.array,
    lang: cs.lang.array,
  };
  const better = new ssh2Kex.KexInit({
    kex: kex.array,
    serverHostKey: serverHostKey.array.filter((name) => name !== 'ssh-rsa'),
    cs: streams,
    sc: streams,
  }) as Offer;
  mended.set(offer, better);
  mended.set(better, better);
  return better;
}

/**
 * Opens a channel to the agent that a client forwards (auth-agent@openssh.com, OpenSSH's PROTOCOL.agent).
 *
 * @throws AntipodeError `denied` where the client opens none.
 */
export function openAgentChannel(client: Connection): Promise<Channel> {
  const { _protocol: protocol, _chanMgr: channels } = internalsOf(client);
  return new Promise((resolve, reject) => {
    const opened: Opened = (error, channel) => {
      if (error) reject(new AntipodeError('denied', 'opening a channel to the agent'));
      else resolve(channel);
    };
    opened.type = 'auth-agent@openssh.com';
    const id = channels.add(opened);
    if (id === -1) return opened(new Error('no channel is free'), undefined as never);
    protocol.openssh_authAgent(id, WINDOW, PACKET);
  });
}
