import { expect, it } from '@jest/globals';
import type { LfsAction } from '@antipode/lfs-wire';
import type { BelongingsStore } from '../knowledge/belongings.store.js';
import type { MovedRepositories } from '../knowledge/moved-repositories.js';
import type { PrimaryQuestions } from '../knowledge/primary-questions.js';
import type { OurLinks } from './our-links.js';
import { UploadBatch } from './upload-batch.js';

const object = { oid: 'a'.repeat(64), size: 12 };
const LENT = 'Bearer a-token-that-was-lent';
const { signal } = new AbortController();

/** What is answered where the primary's upload link is `theirs`, and our own stand for it or do not. */
async function answerTo(theirs: LfsAction, way: 'sealed' | 'as it is') {
  const bare = { href: theirs.href, header: { ...theirs.header }, expiresInSeconds: 60 };
  const ours = { href: 'https://mirror.example/-/lfs/x', header: {}, expiresInSeconds: 60 };
  const said = { of: () => ({ ...object, actions: { upload: theirs } }), failure: undefined };
  const batch = new UploadBatch(
    { find: () => Promise.resolve(new Map()) } as unknown as BelongingsStore,
    { requireAt: () => undefined } as unknown as MovedRepositories,
    { ask: () => Promise.resolve(said), primaryName: 'Bitbucket' } as unknown as PrimaryQuestions,
    { relay: () => (way === 'sealed' ? ours : bare) } as unknown as OurLinks,
  );
  const question = {
    repositoryId: 'x',
    path: 'acme/x',
    objects: [object],
    authorization: LENT,
    ref: undefined,
  };
  const [answer] = await batch.answer(question, signal);
  return { upload: answer?.actions['upload']?.href, code: answer?.error?.code, text: JSON.stringify(answer) };
}

it('passes on no link that holds the credential that was sent, unless it is sealed', async () => {
  const href = 'https://media.example/upload';
  const echo = { href, header: { Authorization: LENT } };
  const refused = await answerTo(echo, 'as it is');
  expect(refused).toMatchObject({ upload: undefined, code: 503 });
  expect(refused.text).not.toContain('lent');
  expect(await answerTo(echo, 'sealed')).toMatchObject({ upload: 'https://mirror.example/-/lfs/x' });
  expect(await answerTo({ href }, 'as it is')).toMatchObject({ upload: href, code: undefined });
});
