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
  readonly sshPort: number;
}

/** What the simulated Bitbucket says about its sample workspace. */
const stateSchema = z.object({
  workspace: z.string(),
  mirrorToken: z.string(),
  /** The OAuth consumer of the sample workspace. */
  oauth: z.object({ key: z.string(), secret: z.string() }).optional(),
  /** Its SSH side, and the known_hosts lines by which it is known. */
  ssh: z.object({ url: z.string(), knownHosts: z.array(z.string()) }).optional(),
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
export const simulatorSshUrl = (port: number): string => `ssh://git@127.0.0.1:${port}`;

/** A Bitbucket Cloud to try things on, with its own data and its own git. */
export function simulatorPart({ home, dataFolder, port, sshPort }: SimulatorOptions): Part {
  return {
    name: 'bitbucket-sim',
    title: 'a simulated Bitbucket Cloud',
    ports: [port, sshPort],
    stopSignal: 'SIGTERM',
    prepare: () =>
      Promise.resolve({
        file: process.execPath,
        args: [
          join(home, 'apps/bitbucket-sim/dist/main.js'),
          '--port',
          String(port),
          '--ssh-port',
          String(sshPort),
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
