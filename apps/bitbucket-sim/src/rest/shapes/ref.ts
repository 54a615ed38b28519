import type { Commit } from '../../git/read-commits.js';
import type { Ref } from '../../git/read-refs.js';
import { fullName } from '../../state/lookup.js';
import type { Repository, State } from '../../state/model.js';
import { authorShape, commitShape } from './commit.js';
import type { Json, Urls } from './links.js';

/** @param target the commit that the ref comes down to; null for a tag of something else. */
export function refShape(
  state: State,
  urls: Urls,
  repository: Repository,
  ref: Ref,
  target: Commit | undefined,
): Json {
  const name = fullName(state, repository);
  const encoded = encodeURIComponent(ref.name);
  const kind = ref.type === 'tag' ? 'tags' : 'branches';
  const shared = {
    type: ref.type,
    name: ref.name,
    target: target ? commitShape(state, urls, repository, target) : null,
    links: {
      self: urls.api(`/repositories/${name}/refs/${kind}/${encoded}`),
      commits: urls.api(`/repositories/${name}/commits/${encoded}`),
      html: urls.html(ref.type === 'tag' ? `/${name}/commits/tag/${encoded}` : `/${name}/branch/${encoded}`),
    },
  };
  if (ref.type === 'branch') {
    return {
      ...shared,
      merge_strategies: ['merge_commit', 'squash', 'fast_forward'],
      default_merge_strategy: 'merge_commit',
    };
  }
  const { annotation } = ref;
  return {
    ...shared,
    message: annotation?.message ?? null,
    date: annotation?.tagger.date ?? null,
    tagger: annotation ? authorShape(state, urls, annotation.tagger) : null,
  };
}
