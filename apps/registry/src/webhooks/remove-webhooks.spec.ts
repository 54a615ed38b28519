import { describe, expect, it } from '@jest/globals';
import { removeWebhooks } from './remove-webhooks.js';

const what = { credential: { token: 'x' }, url: 'http://mirror.example/hook' };
const { signal } = new AbortController();

describe('removeWebhooks', () => {
  it('removes all that have the URL', async () => {
    const ids = ['a', 'b'];
    const find = (): Promise<{ id: string; active: boolean } | undefined> =>
      Promise.resolve(ids[0] === undefined ? undefined : { id: ids[0], active: true });
    const remove = ({ id }: { id: string }): Promise<void> => {
      ids.splice(ids.indexOf(id), 1);
      return Promise.resolve();
    };
    await removeWebhooks({ find, remove }, what, signal);
    expect(ids).toEqual([]);
  });

  it('gives up on a primary that goes on naming what it has removed', async () => {
    const find = (): Promise<{ id: string; active: boolean }> => Promise.resolve({ id: 'a', active: true });
    let asked = 0;
    const remove = (): Promise<void> => {
      if (asked++ > 100) throw new Error('still asked');
      return Promise.resolve();
    };
    await expect(removeWebhooks({ find, remove }, what, signal)).rejects.toMatchObject({
      code: 'primary_misbehaved',
    });
  });
});
