import type { CommandRequest } from './command-request.js';
import { invalidPlan, PlanBuilder, type UploadPackPlan } from './upload-pack-plan.js';

/** The arguments of v2 `fetch` that carry no value. gitprotocol-v2(5). */
const FLAGS: ReadonlySet<string> = new Set([
  'thin-pack',
  'no-progress',
  'include-tag',
  'ofs-delta',
  'deepen-relative',
  'sideband-all',
  'wait-for-done',
]);

/** @throws AntipodeError `invalid` for an argument that git does not know either. */
export function readFetchRequest({ args }: Pick<CommandRequest, 'args'>): UploadPackPlan {
  const plan = new PlanBuilder();
  for (const arg of args) {
    if (FLAGS.has(arg)) plan.option(arg);
    // An offer to fetch packs elsewhere; a server may decline, and we always do.
    else if (!arg.startsWith('packfile-uris ') && !plan.take(arg)) throw invalidPlan('unknown argument');
  }
  return plan.build();
}

/** Arguments in git's own order. */
export function writeFetchArgs(plan: UploadPackPlan): string[] {
  return [
    ...plan.options,
    ...planLines(plan),
    ...plan.wants.map((oid) => `want ${oid}`),
    ...plan.wantRefs.map((name) => `want-ref ${name}`),
    ...plan.haves.map((oid) => `have ${oid}`),
    ...(plan.done ? ['done'] : []),
  ];
}

/** What both versions write between wants and haves. */
export function planLines({ shallow, depth, deepenSince, deepenNot, filter }: UploadPackPlan): string[] {
  return [
    ...shallow.map((oid) => `shallow ${oid}`),
    ...(depth === undefined ? [] : [`deepen ${depth}`]),
    ...(deepenSince === undefined ? [] : [`deepen-since ${deepenSince}`]),
    ...deepenNot.map((name) => `deepen-not ${name}`),
    ...(filter === undefined ? [] : [`filter ${filter}`]),
  ];
}
