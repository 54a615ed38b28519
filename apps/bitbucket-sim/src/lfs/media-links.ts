import { createHmac, randomBytes, randomUUID } from 'node:crypto';

export type MediaAction = 'download' | 'upload' | 'verify' | 'moved';

/** What one link allows. */
export interface MediaLink {
  /** `moved`: a download that was sent here by a redirect. */
  readonly action: MediaAction;
  readonly repositoryUuid: string;
  readonly oid: string;
  readonly size: number;
  /** Unix time in milliseconds. */
  readonly expires: number;
  /** How many more redirects there are to come. */
  readonly hops: number;
}

/**
 * Writes and reads signed request targets. The signature covers each byte of them, so that a client that decodes, encodes
 * or sorts what it was given is refused: there are escapes that nobody needs, in lower case too.
 */
export class MediaLinks {
  /** A restart makes all links void. */
  readonly #secret = randomBytes(32);

  write(link: MediaLink): string {
    const token = Buffer.from(JSON.stringify({ ...link, id: randomUUID() })).toString('base64url');
    const path = `/file/${encodeURIComponent(link.repositoryUuid)}/large%2dfiles%2F${link.oid.slice(0, 2)}/binary`;
    const target = `${path}?client=antipode%2Dsim&name=100%25+%c3%a9&token=${token}`;
    return `${target}&sig=${this.#sign(target)}`;
  }

  /** Undefined where it is not, byte for byte, what was given out. */
  read(target: string): MediaLink | undefined {
    const [signed = '', signature] = target.split('&sig=');
    if (signature !== this.#sign(signed)) return undefined;
    const token = /&token=(.*)$/.exec(signed)?.[1] ?? '';
    return JSON.parse(Buffer.from(token, 'base64url').toString()) as MediaLink;
  }

  /** The value of the header that goes with a link. */
  proof(target: string): string {
    return createHmac('sha256', this.#secret).update(`proof ${target}`).digest('base64url');
  }

  #sign(text: string): string {
    return encodeURIComponent(createHmac('sha256', this.#secret).update(text).digest('base64'));
  }
}
