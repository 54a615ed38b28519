import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { AntipodeError } from '@antipode/errors';
import { CONFIG, type AuthConfig } from '../config.js';
import { RedisLink } from '../redis/redis-link.js';
import { SharedMemory } from '../redis/shared-memory.js';
import { VerdictsStore } from '../verdicts/verdicts.store.js';
import type { PeopleQuestion } from './people-question.js';

/**
 * A list of what somebody may read is as many calls as it has pages, and the primary counts them: it stands longer than a
 * role. It opens nothing but names; git asks anew.
 */
const LIST_MS = 600_000;
/** The last list, while the primary says that it was asked too much: asking on would only make it worse. */
const LIMITED_LIST_MS = 3_600_000;

const refusal = z.object({ code: z.enum(['unauthenticated', 'denied']), hint: z.string().optional() });
const answer = z.union([z.object({ value: z.unknown() }), z.object({ refusal })]);
const entry = z.object({ askedAt: z.number(), validUntil: z.number(), answer });

/** Why there is no answer: the primary could not give one. */
export type Outage = 'primary_unavailable' | 'primary_limited';

/** What the primary said of a person, or that it would not say. Times are milliseconds since 1970. */
export interface Answer<T> {
  /** The moment just before the primary was asked. */
  readonly askedAt: number;
  readonly validUntil: number;
  readonly answer: { readonly value: T } | { readonly refusal: z.infer<typeof refusal> };
}

/**
 * What the primary said of people, for as long as it stands, beside the verdicts and under the same names.
 *
 *   person:<principal> <question>   an answer, until it ends; longer for the outage policy, where it serves
 */
@Injectable()
export class AnswersStore {
  private readonly shared: SharedMemory;
  private readonly outageMs: number;

  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    link: RedisLink,
    private readonly verdicts: VerdictsStore,
  ) {
    this.shared = new SharedMemory(link);
    this.outageMs = config.OUTAGE_POLICY.kind === 'serve' ? config.OUTAGE_POLICY.seconds * 1000 : 0;
  }

  /** An answer that still stands. */
  async find<T>(principal: string, question: PeopleQuestion<T>): Promise<Answer<T> | undefined> {
    const found = await this.read(principal, question);
    return found && found.validUntil > Date.now() ? found : undefined;
  }

  /**
   * The last answer, where the outage policy lets it stand, or it is a list and the primary limits us; for a moment only,
   * as with verdicts.
   */
  async findStanding<T>(
    principal: string,
    question: PeopleQuestion<T>,
    why: Outage,
  ): Promise<Answer<T> | undefined> {
    const isLimitedList = why === 'primary_limited' && question.kind === 'readable';
    const standsMs = isLimitedList ? Math.max(this.outageMs, LIMITED_LIST_MS) : this.outageMs;
    if (standsMs === 0) return undefined;
    const found = await this.read(principal, question);
    const now = Date.now();
    if (!found || 'refusal' in found.answer || found.askedAt + standsMs <= now) return undefined;
    const moment = Math.floor(now + this.config.NEGATIVE_VERDICT_SECONDS * 1000);
    return { ...found, validUntil: Math.min(moment, found.askedAt + standsMs) };
  }

  /** @param askedAt the moment just before the primary was asked: from then it counts */
  async remember<T>(
    principal: string,
    question: PeopleQuestion<T>,
    askedAt: number,
    told: Answer<T>['answer'],
  ): Promise<Answer<T>> {
    const { VERDICT_SECONDS, NEGATIVE_VERDICT_SECONDS } = this.config;
    const isKnown = 'value' in told;
    const isList = question.kind === 'readable';
    const knownMs = isList ? Math.max(VERDICT_SECONDS * 1000, LIST_MS) : VERDICT_SECONDS * 1000;
    const validUntil = Math.floor(askedAt + (isKnown ? knownMs : NEGATIVE_VERDICT_SECONDS * 1000));
    const remembered = { askedAt, validUntil, answer: told };
    const keptMs = isList ? Math.max(this.outageMs, LIMITED_LIST_MS) : this.outageMs;
    const until = isKnown ? Math.max(validUntil, askedAt + keptMs) : validUntil;
    await this.shared.write(nameOf(principal, question), JSON.stringify(remembered), until - Date.now());
    return remembered;
  }

  private async read<T>(principal: string, question: PeopleQuestion<T>): Promise<Answer<T> | undefined> {
    const [[text], died] = await Promise.all([
      this.shared.read([nameOf(principal, question)]),
      this.verdicts.diedAt(principal),
    ]);
    const found = text === undefined ? undefined : parse(text, question);
    if (!found || died === undefined) return found;
    // That it is not known is the one thing that stays true of a credential that has died.
    const isOver = 'refusal' in found.answer && found.answer.refusal.code === 'unauthenticated';
    return isOver || found.askedAt > died ? found : undefined;
  }
}

const nameOf = (principal: string, { name }: PeopleQuestion<unknown>): string =>
  `person:${principal} ${name}`;

/** What an older or newer version of this service wrote, and we cannot read, was not written. */
function parse<T>(text: string, { shape }: PeopleQuestion<T>): Answer<T> | undefined {
  const { data } = entry.safeParse(tryJson(text));
  if (!data) return undefined;
  if ('refusal' in data.answer) return { ...data, answer: data.answer };
  const value = shape.safeParse(data.answer.value);
  return value.success ? { ...data, answer: { value: value.data } } : undefined;
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @throws AntipodeError the remembered refusal */
export function valueOf<T>({ answer: told }: Answer<T>): T {
  if ('value' in told) return told.value;
  const { code, hint } = told.refusal;
  throw new AntipodeError(code, 'asking the primary about a person', {}, hint === undefined ? {} : { hint });
}
