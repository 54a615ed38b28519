import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Account, Launch } from './part.js';

/**
 * Starts a part so that it cannot outlive us.
 *
 * It leads its own process group, so a terminal's Ctrl-C reaches the supervisor alone, which then stops the
 * parts in order. Against our own SIGKILL: its stdin is a pipe that closes with us (our services watch it), and
 * the kernel (Linux) or a two-line shell (elsewhere) signals the programs that do not know about such pipes.
 */
export function launch(what: Launch, log: string, stopSignal: NodeJS.Signals): ChildProcess {
  const output = openSync(log, 'a', 0o600);
  const [file, ...args] = commandFor(what, stopSignal);
  try {
    return spawn(file, args, {
      env: what.env,
      ...(what.cwd === undefined ? {} : { cwd: what.cwd }),
      ...(what.account && process.platform !== 'linux'
        ? { uid: what.account.uid, gid: what.account.gid }
        : {}),
      detached: true,
      stdio: ['pipe', output, output],
    });
  } finally {
    closeSync(output);
  }
}

type Command = [file: string, ...args: string[]];

function commandFor(what: Launch, stopSignal: NodeJS.Signals): Command {
  if (process.platform === 'linux') return underKernelWatch(what, stopSignal);
  return what.watchesStdin ? [what.file, ...what.args] : underShellWatch(what, stopSignal);
}

/** setpriv(1) replaces itself by the program, so the pid that we see is the program's own. */
function underKernelWatch(what: Launch, stopSignal: NodeJS.Signals): Command {
  const account = what.account ? asAccount(what.account) : [];
  return ['setpriv', ...account, '--pdeathsig', stopSignal.replace('SIG', ''), '--', what.file, ...what.args];
}

/**
 * Another user, and where that user could not even walk to its own folder (a checkout below /root), the one
 * capability to do so; a process with it is still not root, which is what PostgreSQL wants to know.
 */
export function asAccount({ uid, gid, needsPassage }: Account): string[] {
  const passage = needsPassage
    ? ['--inh-caps', '-all,+dac_override', '--ambient-caps', '-all,+dac_override']
    : [];
  return ['--reuid', String(uid), '--regid', String(gid), '--clear-groups', ...passage];
}

/** The shell stays as the parent, ends the program when stdin closes, and passes on what it is told itself. */
function underShellWatch(what: Launch, stopSignal: NodeJS.Signals): Command {
  const name = stopSignal.replace('SIG', '');
  const script = [
    'exec 3<&0',
    '"$@" </dev/null & part=$!',
    `trap 'kill -${name} $part 2>/dev/null' ${name} TERM INT`,
    `(cat <&3 >/dev/null; kill -${name} $part 2>/dev/null) & watch=$!`,
    'wait $part; code=$?; while kill -0 $part 2>/dev/null; do wait $part; code=$?; done',
    'kill $watch 2>/dev/null; exit $code',
  ].join('\n');
  return ['/bin/sh', '-c', script, 'antipode-part', what.file, ...what.args];
}
