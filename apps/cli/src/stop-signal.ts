import { EXIT } from './stopped-short.js';

/**
 * Aborts at the first Ctrl-C, SIGTERM or SIGHUP, or (`withParent`) when the process that started us by a channel
 * is gone. A second Ctrl-C ends this process at once; its parts follow, as they cannot outlive it.
 */
export function stopSignal({ withParent }: { withParent: boolean }): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted && name === 'SIGINT') process.exit(EXIT.interrupted);
      controller.abort();
    });
  }
  if (withParent && process.connected) process.once('disconnect', () => controller.abort());
  return controller.signal;
}
