import type { z } from 'zod';
import { stoppedShort } from '../stopped-short.js';

/**
 * The body of an answer, in the shape that we expect.
 *
 * @param who names the part that answered, for the sentence
 * @throws AntipodeError `internal` where it has another shape: two parts of different versions, most likely
 */
export async function readJson<Schema extends z.ZodType>(
  response: Response,
  schema: Schema,
  who: string,
): Promise<z.infer<Schema>> {
  const body: unknown = await response.json().catch(() => undefined);
  const result = schema.safeParse(body);
  if (response.ok && result.success) return result.data;
  const where = new URL(response.url).pathname;
  throw stoppedShort(
    'internal',
    `${who} answered ${where} with ${response.status} and something that this command does not understand.`,
    {
      problems: result.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
    },
  );
}
