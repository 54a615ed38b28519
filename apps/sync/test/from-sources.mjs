// Lets a plain Node run this workspace's TypeScript without a build: tests that kill the service start it so.
// Usage: node --import ./apps/sync/test/from-sources.mjs apps/sync/src/main.ts
import { existsSync, readFileSync } from 'node:fs';
import { enableCompileCache, flushCompileCache, registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transformSync } from '@swc/core';

// A test starts the same program many times, and kills it before it could keep what it has compiled.
enableCompileCache(join(tmpdir(), 'antipode-test-compile-cache'));
setTimeout(flushCompileCache, 2000).unref();

const root = new URL('../../../', import.meta.url);
const swc = JSON.parse(readFileSync(new URL('.swcrc', root), 'utf8'));

registerHooks({
  resolve(specifier, context, next) {
    const lib = /^@antipode\/([a-z-]+)$/.exec(specifier)?.[1];
    if (lib) return { url: new URL(`libs/${lib}/src/index.ts`, root).href, shortCircuit: true };
    if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts')) {
      const source = fileURLToPath(new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL));
      if (existsSync(source)) return { url: pathToFileURL(source).href, shortCircuit: true };
    }
    return next(specifier, context);
  },
  load(url, context, next) {
    if (!url.endsWith('.ts') || url.includes('/node_modules/')) return next(url, context);
    const filename = fileURLToPath(url);
    const { code } = transformSync(readFileSync(filename, 'utf8'), {
      ...swc,
      $schema: undefined,
      exclude: undefined,
      swcrc: false,
      filename,
    });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
