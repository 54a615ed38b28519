import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { run } from '../processes/run.js';
import { makeRepository } from './make-repository.js';

const TINY = { slug: 'tiny', commits: 12, textFiles: 6, assetBytes: 100, branches: 3, tags: 2 };

it('makes the same repository everywhere, with the refs that its shape asks for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'antipode-bench-'));
  try {
    const path = await makeRepository(folder, TINY);
    const refs = await run('git', ['-C', path, 'for-each-ref', '--format=%(refname)']);
    expect(refs.trim().split('\n')).toHaveLength(1 + TINY.branches + TINY.tags);
    expect((await run('git', ['-C', path, 'rev-list', '--count', 'main'])).trim()).toBe('12');
    // Changing the history's making changes what older results were measured on: then say so in RESULTS.md.
    expect((await run('git', ['-C', path, 'rev-parse', 'main'])).trim()).toBe(
      '55e3f6449cf86fd18b46c4ab531aeba9b4c37894',
    );
    await run('git', ['-C', path, 'fsck', '--strict']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
