import type { Duplex } from 'node:stream';
import ssh2, { type Channel } from 'ssh2';

/** An agent's answers are small: a list of keys, a signature. */
const MOST_BYTES = 1024 * 1024;

/** The agent that a client forwards, as ssh2's client takes it: a channel for each question. */
export class ForwardedAgent extends ssh2.OpenSSHAgent {
  constructor(private readonly openChannel: () => Promise<Channel>) {
    // There is no socket: getStream is the only way to the agent.
    super('');
  }

  override getStream(callback: (error: Error | undefined, stream: Duplex) => void): void {
    this.openChannel().then(
      (channel) => callback(undefined, bounded(channel)),
      (error: unknown) => callback(error as Error, undefined as never),
    );
  }
}

/** Whoever answers without an end, so that it is collected in our memory, is cut off. */
function bounded(channel: Channel): Duplex {
  let seen = 0;
  channel.on('data', (chunk: Buffer) => {
    seen += chunk.length;
    if (seen > MOST_BYTES) channel.emit('error', new Error('the agent says too much'));
  });
  return channel;
}
