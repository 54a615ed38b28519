// Compiles ssh2's ciphers, which otherwise run in JavaScript at a third of the speed. One file and one compiler call,
// against the headers that came with our own Node: pnpm would build it for whatever Node runs pnpm, and node-gyp would
// fetch headers from the network. Where there is no compiler nothing is lost but speed.
import { existsSync, mkdirSync, realpathSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { runStep, say, StepFailed } from './steps.mjs';

/** In the order of preference; of several the first that there is. */
const COMPILERS = ['c++', 'g++', 'clang++'];
/** As lib/protocol/crypto/binding.gyp of ssh2 has them. */
const DEFINES = ['OPENSSL_API_COMPAT=0x10100000L', 'REAL_OPENSSL_MAJOR=3', 'NODE_GYP_MODULE_NAME=sshcrypto'];

/** Must not fail: the house works without. */
export async function buildSshCiphers(root) {
  const crypto = folderOfCrypto(root);
  const headers = folderOfHeaders(root);
  if (!crypto || !headers || existsSync(join(crypto, 'build/Release/sshcrypto.node'))) return;
  const compiler = COMPILERS.find(isOnPath);
  if (!compiler) return say('There is no C++ compiler here: SSH works with slower ciphers.');
  say("Compiling SSH's ciphers …");
  try {
    await compile({ root, crypto, headers, compiler });
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    say('They could not be compiled (.antipode/logs/ssh-ciphers.log): SSH works with slower ones.');
  }
}

async function compile({ root, crypto, headers, compiler }) {
  const made = join(crypto, 'build/Release/sshcrypto.node');
  const staging = `${made}.${process.pid}`;
  const nan = dirname(createRequire(join(crypto, 'index.js')).resolve('nan/package.json'));
  mkdirSync(dirname(made), { recursive: true });
  await runStep({
    what: "Compiling SSH's ciphers",
    command: compiler,
    args: [
      ...['-shared', '-fPIC', '-O3', '-std=gnu++20', '-w', ...DEFINES.map((define) => `-D${define}`)],
      ...(process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []),
      ...[`-I${headers}`, `-I${nan}`, join(crypto, 'src/binding.cc'), '-o', staging],
    ],
    cwd: crypto,
    log: join(root, '.antipode/logs/ssh-ciphers.log'),
  });
  // Rename last: half a library must never be loaded.
  renameSync(staging, made);
}

function folderOfCrypto(root) {
  const ssh2 = join(root, 'apps/edge/node_modules/ssh2');
  return existsSync(ssh2) ? join(realpathSync(ssh2), 'lib/protocol/crypto') : undefined;
}

/** Beside the binary of the workspace's Node. */
function folderOfHeaders(root) {
  const bin = join(root, 'node_modules/node/bin/node');
  if (!existsSync(bin)) return undefined;
  const places = [
    join(dirname(realpathSync(bin)), '../include/node'),
    join(
      realpathSync(join(root, 'node_modules/node')),
      `node_modules/node-${process.platform}-${process.arch}/include/node`,
    ),
  ];
  return places.find((folder) => existsSync(join(folder, 'node.h')));
}

const isOnPath = (program) =>
  (process.env.PATH ?? '').split(':').some((folder) => folder !== '' && existsSync(join(folder, program)));
