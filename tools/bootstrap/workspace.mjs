// The checkout itself: its packages, its generated code, its build. Each is done only when something changed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runStep, say } from './steps.mjs';

const PNPM = 'pnpm@10.34.8';
/** Prisma clients: results of the build although they lie among its sources. */
const GENERATED_BY_BUILD = [
  'apps/auth/src/generated',
  'apps/lfs/src/generated',
  'apps/registry/src/generated',
];

/** Installs the packages that the lockfile names, unless exactly these were installed last time. */
export async function installWorkspace(root) {
  const stamp = join(root, 'node_modules/.antipode-installed');
  const wanted = hashOf(
    ['pnpm-lock.yaml', 'pnpm-workspace.yaml'].map((file) => readFileSync(join(root, file))),
  );
  if (contentOf(stamp) === wanted && existsSync(join(root, 'node_modules/node/bin/node'))) return;
  say('Installing the packages of the workspace (the first time takes a minute or two) …');
  await runStep({
    what: 'Installing the packages',
    command: 'npx',
    args: ['--yes', PNPM, 'install', '--frozen-lockfile', '--reporter=append-only'],
    cwd: root,
    log: join(root, '.antipode/logs/install.log'),
    // CI=true keeps pnpm from asking whether it may replace a node_modules that another pnpm made.
    env: { CI: 'true', npm_config_loglevel: 'error', npm_config_update_notifier: 'false' },
  });
  writeFileSync(stamp, wanted);
}

/** Generates and builds what changed. Nx knows what that is; the stamp only spares the seconds of asking it. */
export async function buildWorkspace(root) {
  const stamp = join(root, '.nx/antipode-built');
  const wanted = hashOf(buildInputs(root));
  if (contentOf(stamp) === wanted && isBuilt(root)) return;
  say('Building …');
  rmSync(stamp, { force: true });
  await runStep({
    what: 'Building',
    // On this PATH `node` is the workspace's own.
    command: join(root, 'node_modules/.bin/nx'),
    args: ['run-many', '-t', 'build', '--output-style=static'],
    cwd: root,
    log: join(root, '.antipode/logs/build.log'),
    env: {
      NX_DAEMON: 'false',
      PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
      // `prisma generate` wants to download an engine that it does not use.
      PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
    },
  });
  mkdirSync(dirname(stamp), { recursive: true });
  // From before the build: what changed meanwhile is built next time.
  writeFileSync(stamp, wanted);
}

const projectsIn = (root) => [
  ...['apps', 'libs'].flatMap((group) => readdirSync(join(root, group)).map((name) => join(group, name))),
  'e2e',
  'bench',
];

/** Path, size and time of every file that the build reads. */
function buildInputs(root) {
  const files = projectsIn(root).flatMap((project) => [
    ...['package.json', 'project.json', 'prisma.config.ts'].map((file) =>
      identityOf(root, join(project, file)),
    ),
    ...['src', 'prisma'].flatMap((folder) => filesIn(root, join(project, folder))),
  ]);
  return [
    ...files,
    ...['.swcrc', 'nx.json', 'package.json', 'pnpm-lock.yaml'].map((file) => identityOf(root, file)),
  ];
}

/** Whether everything that a build makes is there; somebody may have cleaned up. */
function isBuilt(root) {
  const withSources = projectsIn(root).filter((project) => filesIn(root, join(project, 'src')).length > 0);
  const folders = [...withSources.map((project) => join(project, 'dist')), ...GENERATED_BY_BUILD];
  return folders.every((folder) => existsSync(join(root, folder)));
}

function filesIn(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (GENERATED_BY_BUILD.includes(path)) return [];
    return entry.isDirectory() ? filesIn(root, path) : [identityOf(root, path)];
  });
}

function identityOf(root, path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  return stat ? `${path} ${stat.size} ${stat.mtimeMs}` : `${path} absent`;
}

function hashOf(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\n');
  return hash.digest('hex');
}

const contentOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
