import { AntipodeError } from '@antipode/errors';
import { chooseSchema } from '../../rest/change-schemas.js';
import type { ProjectChoice, PublicPolicy } from '../../selection/selection.js';

/** What the form of the projects sends; the REST API's own schema says what is possible. @throws AntipodeError `invalid` */
export function readChoice(form: URLSearchParams): {
  readonly choice: ProjectChoice;
  readonly publicRepositories: PublicPolicy | undefined;
} {
  const mode = form.get('mode');
  const sent = chooseSchema.safeParse({
    mode,
    ...(mode === 'selected' ? { projectKeys: form.getAll('project') } : {}),
    ...(form.has('public') ? { publicRepositories: form.get('public') } : {}),
  });
  if (!sent.success) throw new AntipodeError('invalid', 'reading a choice of projects');
  const { data } = sent;
  const choice =
    data.mode === 'all' ? { all: true as const } : { all: false as const, projectKeys: data.projectKeys };
  return { choice, publicRepositories: data.publicRepositories };
}
