import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';

interface Bindings {
  readonly SchemaEngine: typeof SchemaEngine;
  __wbg_set_wasm(exports: object): void;
}

// Node has it; the type libraries that we use do not name it.
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

let loaded: Promise<Bindings> | undefined;

/**
 * Prisma's own schema engine, compiled to WebAssembly: it needs no binary of the platform and no download.
 */
export async function openSchemaEngine(adapter: PrismaPg): Promise<SchemaEngine> {
  // Loaded once: a second instance would take the bindings away from the first.
  const bindings = await (loaded ??= load());
  const quiet = (): void => undefined;
  return bindings.SchemaEngine.new(
    { datamodels: undefined },
    quiet,
    bindMigrationAwareSqlAdapterFactory(adapter),
  );
}

/** By hand, because imports of .wasm files do not work in every loader (Jest's, for one). */
async function load(): Promise<Bindings> {
  const path = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bindings = (await import('@prisma/schema-engine-wasm/schema_engine_bg')) as unknown as Bindings;
  const bytes = await readFile(join(dirname(path), 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();
  return bindings;
}
