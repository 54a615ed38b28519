import { planLines } from './fetch-request.js';
import { FLUSH, packetText, readPackets, writePacket } from './pkt-line.js';
import { invalidPlan, PlanBuilder, type UploadPackPlan } from './upload-pack-plan.js';

/**
 * Reads the body of a v0 or v1 POST to git-upload-pack: wants, a flush, then haves in rounds with flushes
 * between them, and perhaps "done". gitprotocol-pack(5).
 *
 * @returns undefined for a lone flush: the client wants nothing.
 * @throws AntipodeError `invalid` for anything else.
 */
export function readUploadPackRequest(body: Buffer): UploadPackPlan | undefined {
  let plan: PlanBuilder | undefined;
  let flushes = 0;
  for (const packet of readPackets(body)) {
    if (packet.kind === 'flush') flushes += 1;
    else if (packet.kind !== 'data') throw invalidPlan('a marker of v2');
    else if (!plan) plan = firstWant(packetText(packet.data));
    else {
      const line = packetText(packet.data);
      const isNegotiation = line.startsWith('have ') || line === 'done';
      if (isNegotiation !== flushes > 0 || line.startsWith('want-ref ') || !plan.take(line))
        throw invalidPlan('a line out of place');
    }
  }
  if (flushes === 0) throw invalidPlan('no flush');
  return plan?.build();
}

/** "want <oid> <capability> <capability>…" */
function firstWant(line: string): PlanBuilder {
  const [verb, oid, ...capabilities] = line.split(' ');
  const plan = new PlanBuilder(new Set(capabilities.filter((name) => name !== '')));
  if (verb !== 'want') throw invalidPlan('no want at its beginning');
  plan.take(`want ${oid ?? ''}`);
  return plan;
}

export function writeUploadPackRequest(plan: UploadPackPlan): Buffer {
  const wants = plan.wants.map((oid, i) =>
    i === 0 ? `want ${[oid, ...plan.options].join(' ')}` : `want ${oid}`,
  );
  const lines = (texts: readonly string[]): Buffer[] => texts.map((text) => writePacket(`${text}\n`));
  const haves = plan.haves.map((oid) => `have ${oid}`);
  return Buffer.concat([
    ...lines([...wants, ...planLines(plan)]),
    FLUSH,
    ...lines(haves),
    ...(plan.done ? lines(['done']) : haves.length > 0 ? [FLUSH] : []),
  ]);
}
