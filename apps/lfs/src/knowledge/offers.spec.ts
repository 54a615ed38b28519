import { expect, it, jest } from '@jest/globals';
import type { LfsAction } from '@antipode/lfs-wire';
import type { BelongingsStore } from './belongings.store.js';
import type { ConnectionQuestions } from './connection-questions.js';
import { News } from './news.js';
import { Offers } from './offers.js';
import type { PrimaryQuestions } from './primary-questions.js';
import { RememberedLinks } from './remembered-links.js';

const ID = '12345678-1234-4234-8234-123456789abc';
const object = { oid: 'a'.repeat(64), size: 12 };
const plain: LfsAction = { href: 'https://media.example/a' };
const { signal } = new AbortController();

const CALLERS = 'Bearer the-token-of-a-caller';

/** A primary that offers the object, while the repository is moved to another path. */
async function learnt(after: string | undefined, download: LfsAction = plain) {
  let path: string | undefined = 'acme/x';
  const answer = { of: () => ({ ...object, actions: { download } }), failure: undefined };
  const questions = { ask: () => Promise.resolve(answer).finally(() => (path = after)) };
  const prove = jest.fn(() => Promise.resolve());
  const links = new RememberedLinks();
  const offers = new Offers(
    questions as unknown as PrimaryQuestions,
    { pathOf: () => path } as unknown as ConnectionQuestions,
    { prove } as unknown as BelongingsStore,
    links,
    new News(),
  );
  await offers.ask({ repositoryId: ID, path: 'acme/x', authorization: CALLERS, objects: [object] }, signal);
  return { proofs: prove.mock.calls.length, link: links.get(ID, object.oid), links };
}

it('writes down what is offered while the path is the repository’s', async () => {
  const { proofs, link, links } = await learnt('acme/x');
  expect({ proofs, link }).toEqual({ proofs: 1, link: plain });
  links.forgetAll(ID);
  expect(links.get(ID, object.oid)).toBeUndefined();
});

it.each([['acme/x-old'], [undefined]])(
  'learns nothing where the path is %s when the answer comes',
  async (path) => {
    expect(await learnt(path)).toMatchObject({ proofs: 0, link: undefined });
  },
);

it('believes a link that holds its caller’s credential, and keeps it for nobody else', async () => {
  const echo = { ...plain, header: { Authorization: CALLERS } };
  expect(await learnt('acme/x', echo)).toMatchObject({ proofs: 1, link: undefined });
});
