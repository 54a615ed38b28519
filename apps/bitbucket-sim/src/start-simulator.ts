import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { SimulatorConfig } from './config.js';
import { Faults } from './faults/faults.js';
import { FrontDoor } from './front-door.js';
import { LiveStreams } from './git/live-streams.js';
import { PerRepository } from './git/per-repository.js';
import { PushLog } from './git/push-log.js';
import { Pushes } from './git/pushes.js';
import { RepositoryDisk } from './git/repository-disk.js';
import { EventSource } from './hooks/event-source.js';
import { Webhooks } from './hooks/webhooks.js';
import { Counters } from './http/counters.js';
import { RateLimits } from './http/rate-limits.js';
import { LfsDisk } from './lfs/lfs-disk.js';
import { LfsTokens } from './lfs/lfs-tokens.js';
import { MediaHost } from './lfs/media-host.js';
import { Urls } from './rest/shapes/links.js';
import { seedSample } from './sample/seed-sample.js';
import type { Simulator } from './simulator.js';
import { openHostKeys } from './ssh/host-keys.js';
import { SshDoor } from './ssh/ssh-door.js';
import { StateStore } from './state/state.store.js';

/** How long answers under way may take at shutdown. */
const DRAIN_MS = 5_000;

export interface RunningSimulator {
  /** Without a trailing slash. */
  readonly url: string;
  readonly simulator: Simulator;
  /** Finishes answers under way (bounded) and writes the state. */
  close(): Promise<void>;
}

export async function startSimulator(config: SimulatorConfig): Promise<RunningSimulator> {
  const store = new StateStore(config.data);
  const disk = new RepositoryDisk(config.data);
  const lfsDisk = new LfsDisk(config.data);
  await disk.prepare();
  if (config.sample) await seedSample({ store, disk, lfsDisk });
  // A slow push may take its time.
  const server = createServer({ keepAliveTimeout: 15_000, requestTimeout: 0 });
  server.listen(config.port, config.host);
  await once(server, 'listening');
  const url = `http://${config.host}:${(server.address() as AddressInfo).port}`;
  const sshDoor = new SshDoor(await openHostKeys(config.data));
  const ssh = await sshDoor.listen(config.sshPort, config.host);
  const media = new MediaHost();
  await media.listen(config.mediaPort, config.host);
  const simulator = assemble({ store, disk, lfsDisk, media, ssh }, new Urls(config.publicUrl ?? url));
  const door = new FrontDoor(simulator);
  sshDoor.open(simulator);
  media.open(simulator);
  server.on('request', (req, res) => {
    door.answer(req, res).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      res.destroy();
    });
  });
  return { url, simulator, close: () => close(server, sshDoor, simulator) };
}

/** @param urls used in webhook payloads; answers use the address that was asked. */
function assemble(
  kept: Pick<Simulator, 'store' | 'disk' | 'lfsDisk' | 'media' | 'ssh'>,
  urls: Urls,
): Simulator {
  const { store, disk } = kept;
  const faults = new Faults();
  const webhooks = new Webhooks(store, faults);
  const events = new EventSource(store, disk, webhooks, urls);
  const pushes = new Pushes(store, disk, events);
  return {
    ...kept,
    faults,
    webhooks,
    events,
    pushes,
    pushLog: new PushLog(),
    limits: new RateLimits(),
    counters: new Counters(),
    perRepository: new PerRepository(),
    live: new LiveStreams(),
    lfsTokens: new LfsTokens(),
    site: urls.base,
  };
}

async function close(
  server: Server,
  ssh: SshDoor,
  { webhooks, live, store, media }: Simulator,
): Promise<void> {
  const closed = Promise.all([once(server, 'close'), ssh.close(), media.close()]);
  server.close();
  server.closeIdleConnections();
  const late = setTimeout(() => {
    live.breakAll();
    server.closeAllConnections();
    media.cut();
  }, DRAIN_MS);
  await closed;
  clearTimeout(late);
  await webhooks.close();
  await store.save();
}
