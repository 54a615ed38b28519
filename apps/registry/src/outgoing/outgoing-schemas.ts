import { z } from 'zod';
import { EVENTS } from './outgoing-event.js';

const moment = z.iso.datetime();

const hasNoSecrets = (text: string): boolean => {
  const { username, password, hash } = new URL(text);
  return username === '' && password === '' && hash === '';
};

export const subscribeSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .refine(hasNoSecrets, 'without user, password and fragment'),
  /** Signs what is sent (X-Hub-Signature); it is never shown again. */
  secret: z.string().min(12).max(256),
  events: z.array(z.enum(EVENTS)).min(1).max(EVENTS.length),
  active: z.boolean().default(true),
});

export const subscriptionSchema = z.object({
  id: z.string(),
  url: z.string(),
  events: z.array(z.enum(EVENTS)),
  active: z.boolean(),
  createdAt: moment,
});

export const subscriptionsSchema = z.object({ values: z.array(subscriptionSchema) });

export const pingSchema = z.object({
  delivered: z.boolean(),
  /** The answer's status; null where there was none. */
  status: z.int().nullable(),
  error: z.string().nullable(),
});

export const deliveriesQuery = z.strictObject({
  cursor: z
    .string()
    .regex(/^\d{1,18}$/, 'use the `next` of the page before')
    .optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const deliveriesSchema = z.object({
  values: z.array(
    z.object({
      /** The request's X-Request-Id. */
      id: z.string(),
      event: z.string(),
      repositoryId: z.string(),
      state: z.enum(['waiting', 'delivered', 'given_up']),
      createdAt: moment,
      attempts: z.int(),
      /** How the last attempt was answered; null where it was not. */
      status: z.int().nullable(),
      error: z.string().nullable(),
      /** Of one that waits. */
      nextAt: moment.nullable(),
      endedAt: moment.nullable(),
    }),
  ),
  next: z.string().nullable(),
});
