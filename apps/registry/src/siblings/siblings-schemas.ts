import { z } from 'zod';

export const healthSchema = z.object({
  /** unconnected: it answers, but mirrors nothing. */
  status: z.enum(['ok', 'unconnected']),
  name: z.string(),
  region: z.string().nullable(),
});

export const mirrorsSchema = z.object({
  /** This mirror first. */
  values: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      region: z.string().nullable(),
      /** Null where this mirror does not know its own address. */
      url: z.string().nullable(),
      sshUrl: z.string().nullable(),
      /** True for the mirror that answers. */
      self: z.boolean(),
      state: z.enum(['available', 'unreachable']),
      /** When it was last asked; null where it has not been yet. */
      checkedAt: z.iso.datetime().nullable(),
    }),
  ),
});
