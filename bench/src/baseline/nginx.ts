import { access, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, eventually, freePort } from '@antipode/testing';
import { run } from '../processes/run.js';
import type { Subject } from '../subject.js';

/** Where Debian's and Ubuntu's package puts it. */
const PROGRAM = '/usr/sbin/nginx';

/**
 * nginx' program, installed by apt where it is missing. Debian's package starts it on port 80; that one is stopped, since
 * nobody asked for it.
 *
 * @returns the path of the program.
 * @throws Error where there is no apt, or no right to use it.
 */
export async function ensureNginx(say: (line: string) => void): Promise<string> {
  if (await exists(PROGRAM)) return PROGRAM;
  say('Installing nginx by apt: the bench compares with nginx where files are served.');
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const as = (command: string, ...args: string[]): Promise<string> => {
    const [file, ...rest] = [...sudo, command, ...args] as [string, ...string[]];
    return run(file, rest, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  };
  await as('apt-get', '-q', '-y', 'update');
  await as('apt-get', '-q', '-y', 'install', '--no-install-recommends', 'nginx-light');
  if (await exists('/run/systemd/system'))
    await as('systemctl', 'disable', '--now', 'nginx').catch(() => undefined);
  return PROGRAM;
}

/** One file, as the fastest of all file servers sends it: one worker, `sendfile`, nothing written down. */
export class Nginx implements AsyncDisposable {
  private constructor(
    private readonly child: Child,
    readonly subject: Subject,
  ) {}

  /** @param folder the bench's own; emptied. @param file is served at `/file` */
  static async start(program: string, folder: string, file: string): Promise<Nginx> {
    await rm(folder, { recursive: true, force: true });
    await mkdir(join(folder, 'root'), { recursive: true });
    await symlink(file, join(folder, 'root/file'));
    const port = await freePort();
    const config = join(folder, 'nginx.conf');
    await writeFile(config, configOf(folder, port));
    const child = new Child(program, ['-p', folder, '-c', config, '-e', join(folder, 'error.log')]);
    const origin = `http://127.0.0.1:${port}`;
    await eventually(async () => {
      if (child.ended) throw new Error(`nginx ended: ${child.output}`);
      return (await fetch(`${origin}/file`, { method: 'HEAD' })).ok;
    });
    const parts = [{ name: 'nginx', pids: [child.pid ?? 0] }];
    return new Nginx(child, { name: 'baseline', origin, credential: NOBODY, parts });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.end();
  }
}

/** It asks for none. */
const NOBODY = { username: '', password: '' };

/** As root, its workers would become somebody who may not read the mirror's files. */
const configOf = (folder: string, port: number): string => `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${folder}/pid;
events { worker_connections 256; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  default_type application/octet-stream;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    root ${folder}/root;
  }
}
`;

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
