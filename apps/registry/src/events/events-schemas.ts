import { z } from 'zod';

export const progressSchema = z.object({
  /** The primary has not been asked for repositories since somebody chose. */
  discovering: z.boolean(),
  repositories: z.object({ total: z.int(), synced: z.int(), failing: z.int() }),
  /** Of all repositories, each alike. */
  percent: z.int().min(0).max(100),
  /** From the primary, since the nodes have had them. */
  receivedBytes: z.int(),
});

export const eventsQuery = z.strictObject({
  /** Ids of the repositories to be told of, comma separated, at most 100; none: only of the mirror. Absent: all. */
  repositories: z
    .string()
    .max(4000)
    .regex(/^(none|[0-9a-f-]{36}(,[0-9a-f-]{36}){0,99})$/, 'ids, comma separated, or none')
    .optional(),
});

/** What the stream is made of, for people to read: OpenAPI 3.0 cannot describe events. */
export const eventsSchema = z.string();
