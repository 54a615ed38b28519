import type { Socket } from 'node:net';
import { readProxyHeader } from './proxy-header.js';

export type Taken =
  | { readonly kind: 'header'; readonly source?: string }
  /** It ended, or nothing came in time. */
  | { readonly kind: 'nothing' }
  /** Something else came. */
  | { readonly kind: 'other' };

/** Longer than a header of either version; so much is looked at, and no more. */
const ENOUGH = 1024;

/**
 * Takes the PROXY header off a socket from which nobody has read yet; whoever reads next gets the first byte after it.
 *
 * @param timeoutMs for the whole of it
 */
export function takeProxyHeader(socket: Socket, timeoutMs: number): Promise<Taken> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const finish = (taken: Taken): void => {
      clearTimeout(timer);
      socket.removeListener('readable', look).removeListener('end', onEnd).removeListener('close', onEnd);
      // Node looks at the next tick whether anybody still waits to read; only then may the next one come.
      setImmediate(() => resolve(taken));
    };
    const onEnd = (): void => finish({ kind: 'nothing' });
    const look = (): void => {
      for (let chunk = read(); chunk; chunk = read()) bytes = Buffer.concat([bytes, chunk]);
      const header = readProxyHeader(bytes);
      if (header.kind === 'unfinished') return;
      if (header.kind === 'invalid') return finish({ kind: 'other' });
      const rest = bytes.subarray(header.length);
      if (rest.length > 0) socket.unshift(rest);
      finish({ kind: 'header', ...(header.source === undefined ? {} : { source: header.source }) });
    };
    const read = (): Buffer | null => (bytes.length > ENOUGH ? null : (socket.read() as Buffer | null));
    const timer = setTimeout(onEnd, timeoutMs);
    socket.on('readable', look).once('end', onEnd).once('close', onEnd);
  });
}
