import { grantedPermission } from '../access/permission.js';
import type { Repository, User } from '../state/model.js';
import { listAnswer } from './page.js';
import type { Answer, Call } from './rest-route.js';
import { PERMISSION_ORDER, repositoryPermissionShape } from './shapes/permission.js';

const FIELDS = [
  'permission',
  'repository.name',
  'repository.slug',
  'repository.uuid',
  'repository.full_name',
];

/** Effective permissions, user × repository; what nobody has granted is left out. @param more fields to ask about */
export function listPermissions(
  call: Call,
  repositories: readonly Repository[],
  users: readonly User[],
  more: readonly string[] = [],
): Answer {
  const items = repositories.flatMap((repository) =>
    users.flatMap((user) => {
      const permission = grantedPermission(call.state, user, repository);
      return permission ? [repositoryPermissionShape(call, repository, user, permission)] : [];
    }),
  );
  const fields = [...FIELDS, ...more];
  return listAnswer(call, { items, filter: fields, sort: fields, ranks: { permission: PERMISSION_ORDER } });
}
