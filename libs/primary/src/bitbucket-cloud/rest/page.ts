import { z } from 'zod';

/** Only `values` and `next` are promised; the last page has no `next`. */
export const pageOf = <Item>(
  item: z.ZodType<Item>,
): z.ZodType<{ values: Item[]; next?: string | undefined }> =>
  z.object({ values: z.array(item), next: z.string().optional() });
