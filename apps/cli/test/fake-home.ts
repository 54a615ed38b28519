import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** How a fake service behaves; real ones are heavy, and none of them can be told to fail. */
export type Behaviour =
  | 'works'
  /** Says why on stderr and ends with 3 before it is ready. */
  | 'refuses to start'
  /** Ends soon after it got ready, every time. */
  | 'falls over'
  /** Neither a closed stdin nor SIGTERM ends it. */
  | 'clings to life';

const SERVICES = ['auth', 'registry', 'sync', 'lfs', 'edge'];

/** A folder that the command takes for the checkout: a tiny program in the place of every app. */
export async function makeFakeHome(
  home: string,
  behaviours: Readonly<Record<string, Behaviour>> = {},
): Promise<string> {
  await Promise.all(
    SERVICES.map((name) => writeApp(home, name, serviceProgram(behaviours[name] ?? 'works'))),
  );
  await writeApp(home, 'bitbucket-sim', SIMULATOR);
  return home;
}

async function writeApp(home: string, name: string, program: string): Promise<void> {
  const path = join(home, 'apps', name, 'dist/main.js');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, program);
}

/** As much of the mirror's REST as `status` asks for. */
const REST = {
  '/-/api/v1/connection': {
    state: 'unconnected',
    primary: { kind: 'bitbucket-cloud', name: 'Bitbucket Cloud' },
    workspace: null,
    webhook: { state: 'polling', reason: null, url: null },
  },
  '/-/api/v1/status': {
    selection: { mode: 'selected', projectKeys: [] },
    repositories: { total: 0, byPhase: {} },
    nodes: [],
    sweep: { lastAt: null, lastFullAt: null },
    removalSuspended: null,
    checks: {},
  },
};

const ENDS = `process.stdin.resume(); process.stdin.on('end', () => process.exit(0)); process.on('SIGTERM', () => process.exit(0));`;
const CLINGS = `process.stdin.resume(); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`;

function serviceProgram(behaviour: Behaviour): string {
  if (behaviour === 'refuses to start')
    return `console.error('the frobnicator is missing'); process.exit(3);`;
  return `
    const { createServer } = require('node:http');
    const ready = (request, response) => response.end('{"ok":true,"checks":{}}');
    createServer(ready).listen(Number(process.env.OPS_PORT), '127.0.0.1');
    const answers = ${JSON.stringify(REST)};
    const rest = (request, response) => response.end(JSON.stringify(answers[request.url] ?? {}));
    if (process.env.HTTP_PORT) createServer(rest).listen(Number(process.env.HTTP_PORT), '127.0.0.1');
    ${behaviour === 'falls over' ? 'setTimeout(() => process.exit(1), 250);' : ''}
    ${behaviour === 'clings to life' ? CLINGS : ENDS}`;
}

const SIMULATOR = `
  const { createServer } = require('node:http');
  const state = {
    workspace: 'acme',
    mirrorToken: 'mirror-token',
    users: [{ username: 'walter', email: 'walter@example.com', apiToken: 'writer-token', role: 'writer' }],
  };
  const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
  createServer((request, response) => response.end(request.url === '/_sim/state' ? JSON.stringify(state) : '{}')).listen(port, '127.0.0.1');
  ${ENDS}`;
