// One folder for all houses of a test run; suites find each other's houses in it (src/neighbourhood.ts).
// Plain JavaScript: this runs in jest itself, before anything is transformed.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default async function openNeighbourhood() {
  process.env.ANTIPODE_E2E ??= await mkdtemp(join(tmpdir(), 'antipode-e2e-'));
}
