/** Does the work chunk by chunk, some at the same time, and returns the results of all in their order. */
export async function inChunks<Item, Result>(
  items: readonly Item[],
  { size, atOnce }: { readonly size: number; readonly atOnce: number },
  work: (chunk: Item[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const count = Math.ceil(items.length / size);
  const results: (readonly Result[])[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++)
      results[index] = await work(items.slice(index * size, (index + 1) * size));
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return results.flat();
}
