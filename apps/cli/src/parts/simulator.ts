import { join } from 'node:path';
import { z } from 'zod';
import { inheritedEnvironment } from '../config.js';
import type { Part } from '../house/part.js';
import { requireHttpReady } from './http-ready.js';
import { readJson } from './read-json.js';

export interface SimulatorOptions {
  readonly home: string;
  readonly dataFolder: string;
  readonly port: number;
}

/** What the simulated Bitbucket says about its sample workspace. */
const stateSchema = z.object({
  workspace: z.string(),
  mirrorToken: z.string(),
  users: z.array(
    z.object({
      username: z.string(),
      email: z.string(),
      apiToken: z.string(),
      role: z.enum(['owner', 'writer', 'reader', 'stranger']),
    }),
  ),
});

export type SimulatorState = z.infer<typeof stateSchema>;

export const simulatorUrl = (port: number): string => `http://127.0.0.1:${port}`;

/** A Bitbucket Cloud to try things on, with its own data and its own git. */
export function simulatorPart({ home, dataFolder, port }: SimulatorOptions): Part {
  return {
    name: 'bitbucket-sim',
    title: 'a simulated Bitbucket Cloud',
    ports: [port],
    stopSignal: 'SIGTERM',
    prepare: () =>
      Promise.resolve({
        file: process.execPath,
        args: [
          join(home, 'apps/bitbucket-sim/dist/main.js'),
          '--port',
          String(port),
          '--data',
          join(dataFolder, 'bitbucket-sim'),
          '--sample',
        ],
        env: { ...inheritedEnvironment(), ANTIPODE_SUPERVISED: '1' },
        cwd: home,
        watchesStdin: true,
      }),
    checkReady: () => requireHttpReady(`${simulatorUrl(port)}/_sim/healthz`),
  };
}

export async function readSimulatorState(port: number): Promise<SimulatorState> {
  const response = await fetch(`${simulatorUrl(port)}/_sim/state`, { signal: AbortSignal.timeout(5000) });
  return readJson(response, stateSchema, 'The simulated Bitbucket');
}
