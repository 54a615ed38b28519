import { noFaults, type FaultPlan } from './fault-plan.js';
import type { LfsFault } from './lfs-fault.js';

/** What a fault may aim at. */
export interface Target {
  readonly class: 'rest' | 'git' | 'ssh' | 'oauth' | 'lfs';
  readonly method: string;
  readonly path: string;
  readonly operation?: string;
}

type LfsFaultOf<K extends LfsFault['kind']> = Extract<LfsFault, { kind: K }>;

type Aim = Pick<FaultPlan['truncate'][number], 'class' | 'path' | 'method' | 'operation' | 'times'>;

/** The faults in force. They live in memory: a restart heals everything. */
export class Faults {
  #plan = noFaults();

  get plan(): FaultPlan {
    return this.#plan;
  }

  set(plan: FaultPlan): void {
    this.#plan = plan;
  }

  latencyMs(kind: Target['class']): number {
    return this.#plan.latencyMs[kind];
  }

  /** The failure that this request must meet, if any; counted ones are used up. */
  takeFailure(target: Target): FaultPlan['fail'][number] | undefined {
    return take(this.#plan.fail, target);
  }

  takeTruncation(target: Target): number | undefined {
    return take(this.#plan.truncate, target)?.afterBytes;
  }

  /** Where this push must die, if it must. */
  takePushDeath(target: Target): FaultPlan['pushes'][number]['at'] | undefined {
    return take(this.#plan.pushes, target)?.at;
  }

  /**
   * The fault of this kind that strikes now, if any; counted ones are used up.
   *
   * @param suits what else must be true of it
   */
  takeLfs<K extends LfsFault['kind']>(
    kind: K,
    oid?: string,
    suits: (fault: LfsFaultOf<K>) => boolean = () => true,
  ): LfsFaultOf<K> | undefined {
    const index = this.#plan.lfs.findIndex(
      (one) => one.kind === kind && isMeant(one, oid) && suits(one as LfsFaultOf<K>),
    );
    return takeAt(this.#plan.lfs, index) as LfsFaultOf<K> | undefined;
  }

  takeWebhookDrop(): boolean {
    return this.#takeWebhook('drop');
  }

  takeWebhookDuplicate(): boolean {
    return this.#takeWebhook('duplicate');
  }

  get webhookDelayMs(): number {
    return this.#plan.webhooks.delayMs;
  }

  get webhookReorder(): number {
    return this.#plan.webhooks.reorder;
  }

  #takeWebhook(kind: 'drop' | 'duplicate'): boolean {
    const left = this.#plan.webhooks[kind];
    if (left === 'all') return true;
    if (left === 0) return false;
    this.#plan.webhooks[kind] = left - 1;
    return true;
  }
}

const take = <F extends Aim>(faults: F[], target: Target): F | undefined =>
  takeAt(
    faults,
    faults.findIndex((fault) => hits(fault, target)),
  );

function takeAt<F extends Pick<Aim, 'times'>>(faults: F[], index: number): F | undefined {
  const fault = faults[index];
  if (fault?.times !== undefined) {
    fault.times -= 1;
    if (fault.times === 0) faults.splice(index, 1);
  }
  return fault;
}

const isMeant = (fault: LfsFault, oid: string | undefined): boolean =>
  !('oid' in fault) || fault.oid === undefined || fault.oid === oid;

function hits(aim: Aim, target: Target): boolean {
  if (aim.class !== 'all' && aim.class !== target.class) return false;
  if (aim.method !== undefined && aim.method !== target.method) return false;
  if (aim.operation !== undefined && aim.operation !== target.operation) return false;
  return aim.path === undefined || target.path.includes(aim.path);
}
