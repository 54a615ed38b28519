import { createHmac } from 'node:crypto';

/**
 * Names for secrets: an HMAC with the mirror's own key, so that neither Redis nor a log ever holds a credential or
 * anything from which one could be guessed without the key.
 */
export class Names {
  private readonly key: Buffer;

  /** @param secretKey in hex */
  constructor(secretKey: string) {
    this.key = Buffer.from(secretKey, 'hex');
  }

  /** The same for the same header, on every instance; '' for an anonymous caller. */
  principal(authorization: string | undefined): string {
    return authorization === undefined ? '' : this.hmac('credential', authorization);
  }

  /** The same for the same holder of an SSH key, on every instance. */
  holder(kind: 'account' | 'access-key', id: string): string {
    return this.hmac(kind, id);
  }

  address(block: string): string {
    return this.hmac('address', block);
  }

  /** The purpose is part of what is signed: no name of one kind can be used as the other. */
  private hmac(purpose: string, text: string): string {
    return createHmac('sha256', this.key).update(`${purpose}\0${text}`).digest('base64url');
  }
}
