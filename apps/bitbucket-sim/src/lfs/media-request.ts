import type { IncomingMessage, ServerResponse } from 'node:http';

/** `media` hands large files out and takes them; `elsewhere` is a third origin, where redirects lead to. */
export type MediaOrigin = 'media' | 'elsewhere';

export interface MediaRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly origin: MediaOrigin;
}

/** Header that goes with links, and that the media host wants to see again. */
export const PROOF_HEADER = 'X-Media-Proof';
