import { maySeeProject } from '../../access/permission.js';
import { SCOPES } from '../../access/scopes.js';
import { listAnswer } from '../page.js';
import { projectOfCall, workspaceOfCall } from '../resolve.js';
import { ok, type Answer, type Call, type RestRoute } from '../rest-route.js';
import { fullProjectShape } from '../shapes/project.js';

const FIELDS = ['uuid', 'key', 'name', 'description', 'is_private', 'created_on', 'updated_on'];

function list(call: Call): Answer {
  const workspace = workspaceOfCall(call);
  const visible = call.state.projects.filter(
    (one) => one.workspaceUuid === workspace.uuid && maySeeProject(call.state, call.principal, one),
  );
  return listAnswer(call, {
    items: visible.map((one) => fullProjectShape(call.state, call.urls, one)),
    filter: FIELDS,
    sort: FIELDS,
  });
}

export const PROJECTS: readonly RestRoute[] = [
  {
    method: 'GET',
    path: '/workspaces/:workspace/projects',
    scopes: SCOPES.readProject,
    callers: 'anyone',
    handle: list,
  },
  {
    method: 'GET',
    path: '/workspaces/:workspace/projects/:project',
    scopes: SCOPES.readProject,
    callers: 'anyone',
    handle: (call) => ok(fullProjectShape(call.state, call.urls, projectOfCall(call))),
  },
];
