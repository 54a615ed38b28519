import { z } from 'zod';
import { AntipodeError } from '@antipode/errors';

/** Another mirror of the same workspace, as the operator has written it down. */
export interface Sibling {
  readonly name: string;
  readonly region: string | null;
  readonly url: string;
  readonly sshUrl: string | null;
}

const MOST = 50;

const plainUrl = (text: string): boolean => {
  const { username, password, search, hash } = new URL(text);
  return username === '' && password === '' && search === '' && hash === '';
};

const siblings = z
  .array(
    z.strictObject({
      name: z.string().trim().min(1).max(100),
      region: z.string().trim().min(1).max(100).optional(),
      url: z
        .url({ protocol: /^https?$/ })
        .max(2048)
        .refine(plainUrl, 'an address and nothing else'),
      sshUrl: z
        .string()
        .max(2048)
        .regex(
          /^ssh:\/\/([A-Za-z0-9._-]+@)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?\/?$/,
          'ssh://git@host:port',
        )
        .optional(),
    }),
  )
  .max(MOST);

/** Reads `SIBLINGS_FILE`. @throws AntipodeError `invalid`, with what is wrong in it. */
export function readSiblings(text: string): Sibling[] {
  try {
    return siblings.parse(JSON.parse(text)).map(({ name, region, url, sshUrl }) => ({
      name,
      region: region ?? null,
      url: url.replace(/\/$/, ''),
      sshUrl: sshUrl?.replace(/\/$/, '') ?? null,
    }));
  } catch (cause) {
    const hint = cause instanceof z.ZodError ? z.prettifyError(cause) : 'It is no valid JSON.';
    throw new AntipodeError('invalid', 'reading SIBLINGS_FILE', {}, { cause, hint });
  }
}
