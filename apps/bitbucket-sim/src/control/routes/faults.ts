import { z } from 'zod';
import { faultPlan, noFaults } from '../../faults/fault-plan.js';
import type { ControlCall, ControlRoute } from '../control-route.js';

const SENSITIVE = 'destroy';

/** Replaces all faults; those that are absent are healed. */
function put(call: ControlCall) {
  const plan = call.read(faultPlan);
  call.sim.faults.set(plan);
  if (plan.down === SENSITIVE) call.sim.live.breakAll();
  return plan;
}

/** Replaces the named members only. */
function patch(call: ControlCall) {
  const given = call.read(z.record(z.string(), z.unknown()));
  const plan = faultPlan.safeParse({ ...call.sim.faults.plan, ...given });
  if (!plan.success) return put(call); // says what is wrong with it
  call.sim.faults.set(plan.data);
  if (plan.data.down === SENSITIVE) call.sim.live.breakAll();
  return plan.data;
}

export const FAULT_ROUTES: readonly ControlRoute[] = [
  { method: 'GET', path: '/faults', handle: ({ sim }) => sim.faults.plan },
  { method: 'PUT', path: '/faults', handle: put },
  { method: 'PATCH', path: '/faults', handle: patch },
  {
    method: 'DELETE',
    path: '/faults',
    handle: ({ sim }) => {
      sim.faults.set(noFaults());
      return sim.faults.plan;
    },
  },
];
