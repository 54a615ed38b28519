import type { SimLfsObject } from '@antipode/testing';
import type { Subject } from '../subject.js';

/** A download as a batch answers it. */
export interface DownloadLink {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const MEDIA_TYPE = 'application/vnd.git-lfs+json';

/** Asks where an object can be had. Spec: git-lfs docs/api/batch.md. */
export async function askBatch(subject: Subject, path: string, object: SimLfsObject): Promise<DownloadLink> {
  const { username, password } = subject.credential;
  const answer = await fetch(`${subject.origin}/${path}.git/info/lfs/objects/batch`, {
    method: 'POST',
    headers: {
      accept: MEDIA_TYPE,
      'content-type': MEDIA_TYPE,
      authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
    },
    body: JSON.stringify({ operation: 'download', transfers: ['basic'], objects: [object] }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`a batch at ${subject.name} answered ${answer.status}: ${text}`);
  const { objects } = JSON.parse(text) as {
    objects: { actions?: { download?: { href: string; header?: Record<string, string> } } }[];
  };
  const link = objects[0]?.actions?.download;
  if (!link) throw new Error(`a batch at ${subject.name} has no download: ${text}`);
  return { url: link.href, headers: link.header ?? {} };
}
