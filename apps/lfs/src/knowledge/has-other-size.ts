import type { AnsweredObject, LfsObject } from '@antipode/lfs-wire';

/**
 * Whether the primary says that an object has another size than was asked for: room for a lie is kept from nobody.
 *
 * Some go by the oid alone and write 0; they say nothing.
 */
export const hasOtherSize = (answer: AnsweredObject, { size }: LfsObject): boolean =>
  answer.size > 0 && answer.size !== size;
