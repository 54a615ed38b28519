import { categoryOf, EVENT_KEYS, labelOf } from '../../hooks/event-keys.js';
import { listAnswer } from '../page.js';
import { notFound } from '../rest-error.js';
import { ok, type Call, type RestRoute } from '../rest-route.js';

const NOTHING = { oauth: [], api: [] };
const SUBJECTS = ['repository', 'workspace'];

function subjects(call: Call) {
  const events = (subject: string) => ({ events: call.urls.api(`/hook_events/${subject}`) });
  return ok(Object.fromEntries(SUBJECTS.map((subject) => [subject, events(subject)])));
}

function list(call: Call) {
  const subject = call.params['subject'] ?? '';
  if (!SUBJECTS.includes(subject)) throw notFound(`No such subject: ${subject}`);
  const items = EVENT_KEYS.map((event) => ({
    category: categoryOf(event),
    label: labelOf(event),
    description: `Whenever this happens: ${labelOf(event).toLowerCase()}`,
    event,
  }));
  return listAnswer(call, { items, pagelen: 30 });
}

export const HOOK_EVENTS: readonly RestRoute[] = [
  { method: 'GET', path: '/hook_events', scopes: NOTHING, callers: 'anyone', handle: subjects },
  { method: 'GET', path: '/hook_events/:subject', scopes: NOTHING, callers: 'anyone', handle: list },
];
