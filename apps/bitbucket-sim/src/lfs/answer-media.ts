import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refused, TEXT } from '../git/refused.js';
import { CutOff } from '../http/meter.js';
import type { Simulator } from '../simulator.js';
import { noteAnswer, objectIn, type LfsCounts } from './lfs-counts.js';
import type { MediaAction, MediaLink } from './media-links.js';
import { PROOF_HEADER, type MediaRequest } from './media-request.js';
import { sendObject } from './send-object.js';
import { takeObject, verifyObject } from './take-object.js';

const METHOD: Readonly<Record<MediaAction, string>> = {
  download: 'GET',
  moved: 'GET',
  upload: 'PUT',
  verify: 'POST',
};

/** Whoever has the link may do what it says, and nobody else anything. */
export async function answerMedia(sim: Simulator, request: MediaRequest): Promise<void> {
  const { req, res } = request;
  if (sim.faults.plan.down === 'destroy') return void req.socket.destroy();
  const forget = sim.live.add(() => res.destroy(), undefined);
  res.once('close', forget);
  try {
    await serve(sim, request);
  } catch (error) {
    refuse(sim, request, error);
  }
}

async function serve(sim: Simulator, request: MediaRequest): Promise<void> {
  const { req, res } = request;
  if (sim.faults.plan.down === 'unavailable') throw new Refused(503, TEXT.unavailable);
  const { lfs } = sim.counters.counts;
  const link = admitted(sim, request);
  const broken = sim.faults.takeLfs(
    'broken',
    link.oid,
    ({ method }) => method === undefined || method === req.method,
  );
  if (broken) throw new Refused(broken.status, TEXT.unavailable);
  switch (link.action) {
    case 'upload':
      await takeObject(sim, req, link);
      return say(lfs, res, 200, '');
    case 'verify':
      await verifyObject(sim, req, link);
      objectIn(lfs, link.oid).verifications += 1;
      return say(lfs, res, 200, '');
    case 'download':
    case 'moved':
      return download(sim, request, link);
  }
}

async function download(sim: Simulator, request: MediaRequest, link: MediaLink): Promise<void> {
  const to = movedTo(sim, request, link);
  if (to !== undefined) {
    request.res.setHeader('Location', to);
    return say(sim.counters.counts.lfs, request.res, 302, '');
  }
  if (sim.faults.takeLfs('lost', link.oid, ({ at }) => at === 'media')) throw new Refused(404, 'Not found');
  const slow = sim.faults.takeLfs('slow', link.oid);
  if (slow) await sleep(slow.firstByteMs);
  await sendObject(sim, request, link, { bytesPerSecond: slow?.bytesPerSecond });
}

/** Where a redirect leads to, if there has to be one. */
function movedTo(sim: Simulator, { req, origin }: MediaRequest, link: MediaLink): string | undefined {
  const fault = link.action === 'download' ? sim.faults.takeLfs('redirected', link.oid) : undefined;
  const hops = fault?.hops ?? link.hops;
  if (hops === 0) return undefined;
  const target = sim.media.links.write({ ...link, action: 'moved', hops: hops - 1 });
  const { hostname } = new URL(`http://${req.headers.host ?? 'localhost'}`);
  return `${sim.media.url(fault?.to === 'elsewhere' ? 'elsewhere' : fault ? 'media' : origin, hostname)}${target}`;
}

/** @throws Refused where the link is not ours, or something came with it that must not, or did not come that must */
function admitted(sim: Simulator, { req, origin }: MediaRequest): MediaLink {
  const target = req.url ?? '';
  const { links } = sim.media;
  const { media } = sim.counters.counts.lfs;
  const link = links.read(target);
  const { authorization } = req.headers;
  const proof = req.headers[PROOF_HEADER.toLowerCase()];
  const wanted = link?.action === 'verify' ? `Bearer ${links.proof(target)}` : undefined;
  if (authorization !== undefined && authorization !== wanted) {
    media.strayAuthorization += 1;
    throw new Refused(400, 'Only one authentication mechanism is allowed: the link.');
  }
  if (origin === 'elsewhere' && proof !== undefined) {
    media.strayHeader += 1;
    throw new Refused(400, 'This header is for another host.');
  }
  if (!link) throw new Refused(403, 'The signature does not match.');
  if (req.method !== METHOD[link.action]) throw new Refused(405, 'Method Not Allowed');
  const isProved = link.action === 'moved' || (proof === links.proof(target) && authorization === wanted);
  if (!isProved) throw new Refused(403, 'A header of the action is missing.');
  if (link.expires <= Date.now()) throw new Refused(403, 'Request has expired.');
  return link;
}

function refuse(sim: Simulator, { req, res }: MediaRequest, error: unknown): void {
  // A client that is still sending has to see the answer.
  req.resume();
  // Half an answer must reach the client as a broken body, never as a clean end.
  if (error instanceof CutOff || res.destroyed || res.headersSent) return void res.destroy();
  if (!(error instanceof Refused)) process.stderr.write(`${String(error)}\n`);
  const { status, message } = error instanceof Refused ? error : new Refused(500, 'Internal Server Error');
  say(sim.counters.counts.lfs, res, status, message);
}

function say({ media }: LfsCounts, res: ServerResponse, status: number, text: string): void {
  noteAnswer(media, status);
  media.bytesOut += Buffer.byteLength(text);
  res.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  res.end(text);
}
