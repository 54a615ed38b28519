import { toAntipodeError, type Code } from '@antipode/errors';
import type { OutagePolicy } from '@antipode/domain';
import type { Freshness } from './freshness.js';
import type { Session } from './hallway.js';
import type { Mirror, Mirrors } from './mirrors.js';
import { standsInOutage } from './outage-policy.js';

/** Who answers: our copy, or the primary itself in the same request. */
export type Choice =
  | { readonly from: 'mirror'; readonly mirror: Mirror }
  | {
      readonly from: 'primary';
      readonly because: Because;
      /** What may be served where the primary turns out to be unreachable; by the outage policy. */
      readonly fallback?: Mirror;
    };

export type Because =
  'not_synced' | 'damaged' | 'missing_objects' | 'refused_by_git' | 'unsupported' | `stale_${Code}`;

export class ChooseSource {
  constructor(
    private readonly mirrors: Mirrors,
    private readonly freshness: Freshness,
    private readonly outagePolicy: OutagePolicy,
  ) {}

  /** Whatever is published, however old: enough for what does not depend on refs. */
  async any(session: Session): Promise<Choice> {
    const mirror = await this.readable(session);
    if (mirror === 'damaged') return { from: 'primary', because: 'damaged' };
    return this.chosen(session, mirror) ?? { from: 'primary', because: 'not_synced' };
  }

  /** An epoch as fresh as the repository's policy promises to a session that begins now. */
  async fresh(session: Session): Promise<Choice> {
    const before = await this.readable(session);
    if (before === 'damaged') return { from: 'primary', because: 'damaged' };
    if (!before) return { from: 'primary', because: 'not_synced' };
    const since = this.freshness.requiredSince(session.repository.freshness, Date.now());
    if (before.confirmedAtMs >= since) return this.chosen(session, before) as Choice;
    return this.refreshed(session, since, before);
  }

  /** After a sync that was asked for now: for wants that we do not have. */
  async newest(session: Session): Promise<Choice> {
    const before = await this.readable(session);
    if (before === 'damaged' || !before) return { from: 'primary', because: 'damaged' };
    return this.refreshed(session, Date.now(), before);
  }

  private async refreshed(session: Session, since: number, before: Mirror): Promise<Choice> {
    try {
      await session.visit.step('freshness', () => this.freshness.ensure(session.repository.id, since));
    } catch (error) {
      return this.outdated(session, toAntipodeError(error, 'waiting for a sync').code, before);
    }
    const after = await this.readable(session);
    if (after === 'damaged' || !after) return { from: 'primary', because: 'damaged' };
    return this.chosen(session, after) as Choice;
  }

  private outdated(session: Session, code: Code, before: Mirror): Choice {
    const stands = standsInOutage(this.outagePolicy, before.confirmedAtMs, Date.now());
    if (stands && code === 'primary_unavailable') {
      session.visit.outage = true;
      return this.chosen(session, before) as Choice;
    }
    return { from: 'primary', because: `stale_${code}`, ...(stands ? { fallback: before } : {}) };
  }

  private chosen(session: Session, mirror: Mirror | undefined): Choice | undefined {
    if (!mirror) return undefined;
    session.visit.epoch = mirror.snapshot.epoch;
    return { from: 'mirror', mirror };
  }

  private async readable(session: Session): Promise<Mirror | undefined | 'damaged'> {
    try {
      return await this.mirrors.current(session.repository.id);
    } catch (error) {
      // One bad file must not keep anybody from the primary's answer; the log line shows it.
      session.visit.error = error;
      return 'damaged';
    }
  }
}
