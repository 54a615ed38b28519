import type { z } from 'zod';
import { AntipodeError } from '@antipode/errors';

/** @throws AntipodeError `invalid`, with one sentence per thing that is wrong. */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join('.')}: ${message}` : message,
  );
  throw new AntipodeError('invalid', 'reading a request', { problems }, { hint: problems.join('; ') });
}
