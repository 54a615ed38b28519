import { AntipodeError } from '@antipode/errors';

export interface BrokenPushOptions {
  /** For the person at the terminal. */
  readonly sentence: string;
  /** Whether the client has read the sentence already, as an error packet. */
  readonly told: 'told' | 'untold';
}

/** A push whose conversation has begun and must end as broken: the client must see no good end. */
export class BrokenPush extends AntipodeError {
  readonly told: 'told' | 'untold';

  constructor(cause: AntipodeError, { sentence, told }: BrokenPushOptions) {
    super(cause.code, cause.message, cause.context, { cause: cause.cause ?? cause, hint: sentence });
    this.told = told;
  }
}
