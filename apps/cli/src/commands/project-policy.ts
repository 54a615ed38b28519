import { InvalidArgumentError } from 'commander';
import type { MirrorClient, PolicyChange } from '../mirror/mirror-client.js';
import type { Policy, Project } from '../mirror/shapes.js';
import type { Answer } from '../screen/answer.js';
import { stoppedShort } from '../stopped-short.js';

/** `projects policy`: what a project has of its own; changed where something is named. */
export async function projectPolicy(
  client: MirrorClient,
  key: string,
  change: PolicyChange,
): Promise<Answer> {
  const project = (await client.projects()).find((one) => one.key === key);
  if (!project)
    throw stoppedShort('not_found', `There is no project ${key}; \`antipode projects list\` shows all.`);
  const policy = Object.keys(change).length === 0 ? policyOf(project) : await client.setPolicy(key, change);
  return { json: { project: key, policy }, text: () => policyText(project, policy) };
}

const policyOf = ({ policy }: Project): Policy => ({
  freshness: policy?.freshness ?? null,
  lfsPrefetch: policy?.lfsPrefetch ?? null,
});

const DEFAULT = "the mirror's default";
const LARGE_FILES = { on: 'brought with each sync', off: 'brought when somebody asks for them' } as const;

const policyText = ({ key, name, selected }: Project, { freshness, lfsPrefetch }: Policy): string =>
  [
    `${key} (${name})${selected ? '' : ', not mirrored: this waits until it is'}`,
    `  freshness    ${freshness ?? DEFAULT}`,
    `  large files  ${lfsPrefetch === null ? DEFAULT : LARGE_FILES[lfsPrefetch]}`,
    '',
  ].join('\n');

/** "default" is no policy of its own. */
export function parseFreshness(text: string): string | null {
  if (text === 'default') return null;
  if (/^(strict|event|bounded:[1-9]\d{0,8})$/.test(text)) return text;
  throw new InvalidArgumentError('It must be strict, bounded:<seconds>, event or default.');
}

export function parsePrefetch(text: string): 'on' | 'off' | null {
  if (text === 'default') return null;
  if (text === 'on' || text === 'off') return text;
  throw new InvalidArgumentError('It must be on, off or default.');
}
