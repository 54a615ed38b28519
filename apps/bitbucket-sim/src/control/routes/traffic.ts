import type { ControlCall, ControlRoute } from '../control-route.js';

async function deliveries({ sim, query }: ControlCall) {
  if (query.get('settle') !== null) await sim.webhooks.settle();
  return { deliveries: sim.webhooks.log.list() };
}

/** All subscriptions of all subjects. */
async function removeHooks({ sim }: ControlCall): Promise<undefined> {
  sim.store.state.hooks = [];
  await sim.store.save();
  return undefined;
}

/** Cuts every connection and answer under way, once. */
function breakStreams({ sim }: ControlCall): undefined {
  sim.live.breakAll();
  return undefined;
}

function resetCounters({ sim }: ControlCall) {
  sim.counters.reset();
  return sim.counters.counts;
}

export const TRAFFIC_ROUTES: readonly ControlRoute[] = [
  { method: 'GET', path: '/healthz', handle: () => ({ status: 'ok' }) },
  { method: 'GET', path: '/counters', handle: ({ sim }) => sim.counters.counts },
  { method: 'DELETE', path: '/counters', handle: resetCounters },
  { method: 'GET', path: '/deliveries', handle: deliveries },
  { method: 'DELETE', path: '/deliveries', handle: ({ sim }) => sim.webhooks.log.clear() },
  { method: 'GET', path: '/pushes', handle: ({ sim }) => ({ pushes: sim.pushLog.list() }) },
  { method: 'DELETE', path: '/pushes', handle: ({ sim }) => sim.pushLog.clear() },
  { method: 'DELETE', path: '/streams', handle: breakStreams },
  { method: 'DELETE', path: '/hooks', handle: removeHooks },
  { method: 'DELETE', path: '/rate-limits', handle: ({ sim }) => sim.limits.reset() },
];
