import { AntipodeError } from '@antipode/errors';
import { isAdministrator, isMember, type Viewer } from '../people/viewer.js';

const MOST = 500;
/** Of those: of everybody who does not belong to the workspace; and what administrators find free when it is crowded. */
const MOST_STRANGERS = 100;
const KEPT_FREE = 20;
/** A browser has six connections to a host; a script may follow from several machines behind one address. */
const MOST_OF_ONE = 50;

interface Follows {
  readonly owner: string;
  readonly viewer: Viewer;
}

/** @throws AntipodeError `busy` where too many follow already. */
export function requireRoom(all: readonly Follows[], { owner, viewer }: Follows): void {
  const ofOne = all.filter((one) => one.owner === owner).length;
  const strangers = isMember(viewer) ? 0 : all.filter((one) => !isMember(one.viewer)).length;
  const most = isAdministrator(viewer) ? MOST : MOST - KEPT_FREE;
  if (all.length < most && ofOne < MOST_OF_ONE && strangers < MOST_STRANGERS) return;
  const hint = 'Too many follow the events already; try again later, or ask /-/api/v1/progress.';
  throw new AntipodeError('busy', 'following events', {}, { hint });
}
