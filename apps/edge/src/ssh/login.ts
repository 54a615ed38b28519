import type { AuthContext, AuthenticationType, KeyboardAuthContext, PublicKeyAuthContext } from 'ssh2';
import { toAntipodeError, type AntipodeError } from '@antipode/errors';
import type { KeyDirectory, KnownHolder } from './key-directory.js';
import { isProof } from './verify-signature.js';

/** Who has come in. */
export type Identity =
  | ({ readonly kind: 'holder' } & KnownHolder)
  /** Nobody who is known: may be greeted, may lend an agent, may be told what to do. */
  | { readonly kind: 'guest'; readonly because: 'no_known_key' | AntipodeError };

export interface LoginOptions {
  readonly keys: Pick<KeyDirectory, 'find'>;
  readonly clientAddress: string;
  /** Keys that one client may offer, and other attempts. */
  readonly maxTries: number;
  /** What guests read before they come in. */
  readonly instructions: string;
  readonly onGivenUp: () => void;
}

/** git's own name for everybody, as on the primary. */
const USER = 'git';
const METHODS: AuthenticationType[] = ['publickey', 'keyboard-interactive'];

/**
 * One client's way in. RFC 4252.
 *
 *   offers a key ─▶ unknown ─▶ refused: the client goes on to its next key
 *                └▶ known ───▶ "sign with it" ─▶ a good signature ─▶ holder
 *                                             └▶ any other ───────▶ refused
 *   has no more keys ─▶ keyboard-interactive with nothing to type ─▶ guest
 *
 * A key is only a claim, which anybody can make; the signature is the proof.
 */
export class Login {
  private tries = 0;
  private identity: Identity | undefined;
  private couldNotAsk: AntipodeError | undefined;

  constructor(private readonly options: LoginOptions) {}

  /** Undefined until somebody has come in. */
  get result(): Identity | undefined {
    return this.identity;
  }

  async handle(context: AuthContext): Promise<void> {
    this.tries += 1;
    if (this.tries > this.options.maxTries) {
      context.reject([]);
      return this.options.onGivenUp();
    }
    if (context.method === 'publickey' && context.username === USER) return this.publicKey(context);
    if (context.method === 'keyboard-interactive') return this.withoutKey(context);
    // An offer of "none" asks what there is; passwords would be the primary's, and must not be typed here.
    context.reject(METHODS);
  }

  private async publicKey(context: PublicKeyAuthContext): Promise<void> {
    const known = await this.find(context.key.data);
    if (!known) return context.reject(METHODS);
    if (context.signature === undefined || context.blob === undefined) return offer(context);
    const proved = isProof({
      publicKey: context.key.data,
      hash: context.hashAlgo,
      signature: context.signature,
      signed: context.blob,
    });
    if (!proved) return context.reject(METHODS);
    this.identity = { kind: 'holder', ...known };
    context.accept();
  }

  private async find(publicKey: Buffer): Promise<KnownHolder | undefined> {
    try {
      return await this.options.keys.find(publicKey, this.options.clientAddress);
    } catch (error) {
      // The client may have another way in; if it has none, it hears why.
      this.couldNotAsk = toAntipodeError(error, 'looking a key up');
      return undefined;
    }
  }

  private withoutKey(context: KeyboardAuthContext): void {
    const isGuest = context.username === USER;
    const instructions = isGuest ? this.options.instructions : `Sign in as "${USER}": ssh://${USER}@…`;
    context.prompt([], '', instructions, (answers: unknown) => {
      // An error: the client went on to another method meanwhile, and this one is over.
      if (answers instanceof Error) return;
      if (!isGuest) return context.reject(METHODS);
      this.identity = { kind: 'guest', because: this.couldNotAsk ?? 'no_known_key' };
      context.accept();
    });
  }
}

/** "This key would do: sign with it." Anyone can ask that. */
function offer(context: PublicKeyAuthContext): void {
  // The answer has to name the algorithm of the question (RFC 4252, section 7); ssh2 names the key's type, and
  // Apache MINA takes offence at that.
  if (context.key.algo === 'ssh-rsa' && context.hashAlgo !== undefined)
    context.key.algo = context.hashAlgo === 'sha512' ? 'rsa-sha2-512' : 'rsa-sha2-256';
  context.accept();
}
