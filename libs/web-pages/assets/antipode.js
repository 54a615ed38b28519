// What pages gain where scripts run: copy buttons, the clone chooser, live parts. All work without.
// Only text and attributes are changed; nothing that comes over the wire is read as HTML.

const EVENTS = '/-/api/v1/events';
const LOST_AFTER_MS = 5000;
const REFUSED_PAUSE_MS = 30_000;
const ANNOUNCE_EVERY_MS = 10_000;
const COPIED_MS = 2000;

/** A span of seconds for people, as format.ts has it. */
export function spanOf(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.floor(whole / 60)} min`;
  if (whole < 172_800) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 86_400)} days`;
}

/** An amount of bytes for people, as format.ts has it. */
export function sizeOf(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** How a phase looks and reads, as format.ts has it. */
export function stateOf(phase, progress) {
  const percent = progress ? ` ${progress.percent} %` : '';
  const states = {
    absent: ['', 'Waiting'],
    cloning: ['busy', `Cloning${percent}`],
    syncing: ['busy', `Syncing${percent}`],
    ready: ['good', 'In sync'],
    failing: ['bad', 'Failing'],
    removed: ['', 'Removed'],
  };
  return states[phase] ?? ['', phase];
}

/** Of each project, how many repositories there are and how many have been brought whole. */
export function countByProject(repositories) {
  const counts = {};
  for (const { projectKey, phase } of repositories) {
    const count = (counts[projectKey] ??= { total: 0, synced: 0 });
    count.total += 1;
    if (phase === 'ready' || phase === 'syncing') count.synced += 1;
  }
  return counts;
}

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const say = (element, text) => element && element.textContent !== text && (element.textContent = text);

let announcedAt = 0;
/** Tells a screen reader, politely and seldom. */
function announce(text, when = 'seldom') {
  if (when === 'seldom' && Date.now() - announcedAt < ANNOUNCE_EVERY_MS) return;
  announcedAt = Date.now();
  say(document.querySelector('[data-announce]'), text);
}

async function copy(text, source) {
  // Browsers give the clipboard to https and localhost only.
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  getSelection().selectAllChildren(source);
  if (!document.execCommand('copy')) throw new Error('not copied');
}

function startCopying(button) {
  const source = document.getElementById(button.dataset.copy);
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener('click', async () => {
    const done = await copy(source.textContent, source).then(
      () => 'Copied',
      () => 'Press Ctrl+C',
    );
    say(button, done);
    announce(done, 'now');
    setTimeout(() => say(button, label), COPIED_MS);
  });
}

/** Shows the one way to clone that is chosen, and remembers the choice in this browser. */
function startChoosing(panel) {
  const ways = all('.way', panel);
  const controls = panel.querySelector('.controls');
  const source = panel.querySelector('select');
  const memory = 'antipode.clone';
  const show = () => {
    const protocol = panel.querySelector('input:checked')?.value;
    const fitting = ways.filter(({ dataset }) => dataset.source === (source?.value ?? dataset.source));
    const shown = fitting.find(({ dataset }) => dataset.protocol === protocol) ?? fitting[0];
    for (const way of ways) way.hidden = way !== shown;
    return { protocol, source: source?.value };
  };
  try {
    const before = JSON.parse(localStorage.getItem(memory) ?? '{}');
    const radio = all('input', panel).find(({ value }) => value === before.protocol);
    if (radio) radio.checked = true;
    const option = all('option', panel).find(({ value }) => value === before.source);
    if (option) source.value = option.value;
  } catch {
    // Another one's memory, or none at all: as the page came.
  }
  controls.hidden = false;
  panel.classList.add('chosen');
  show();
  controls.addEventListener('change', () => {
    try {
      localStorage.setItem(memory, JSON.stringify(show()));
    } catch {
      // Chosen for now, then.
    }
  });
}

/** The server's clock: pages tell when they were written. */
const clockAhead = () => Date.parse(document.body.dataset.now) - Date.now() || 0;

function startTicking() {
  const ahead = clockAhead();
  const tick = () => {
    for (const time of all('time[data-ago]'))
      if (time.dateTime) say(time, spanOf((Date.now() + ahead - Date.parse(time.dateTime)) / 1000));
  };
  setInterval(tick, 1000);
}

function showLocally(time) {
  time.title = time.dateTime;
  say(time, new Date(time.dateTime).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' }));
}

/** Brings everything on the page that is about one repository up to date. */
function showRepository(repository) {
  const { id, phase, progress, confirmedAt, error, sizeBytes } = repository;
  for (const place of all(`[data-repository="${CSS.escape(id)}"]`)) {
    const find = (name) => place.querySelector(`[data-${name}]`);
    const [tone, words] = stateOf(phase, progress);
    const state = find('state');
    if (state) state.className = `state ${tone}`;
    say(state, words);
    const bar = find('bar');
    if (bar) {
      bar.hidden = !progress;
      if (progress) bar.value = progress.percent;
    }
    say(find('step'), progress?.step ?? '');
    const fresh = find('fresh');
    if (fresh) fresh.hidden = !confirmedAt;
    const time = find('ago');
    if (time && confirmedAt) time.dateTime = confirmedAt;
    const failure = find('error');
    if (failure) failure.hidden = !error;
    say(find('error-words'), error?.message ?? '');
    if (sizeBytes) say(find('size'), sizeOf(sizeBytes));
  }
}

function showOverall({ discovering, repositories, percent, receivedBytes }) {
  const { total, synced, failing } = repositories;
  for (const place of all('[data-overall]')) {
    const find = (name) => place.querySelector(`[data-${name}]`);
    const bar = find('bar');
    if (bar) {
      bar.value = percent;
      bar.classList.toggle('done', synced === total && !discovering);
    }
    say(find('synced'), String(synced));
    say(find('total'), String(total));
    say(find('percent'), `${Math.floor(percent)} %`);
    if (receivedBytes !== undefined) say(find('received'), sizeOf(receivedBytes));
    const failures = find('failing');
    if (failures) failures.hidden = !failing;
    say(find('failing-count'), String(failing));
    const looking = find('discovering');
    if (looking) looking.hidden = !discovering;
  }
  announce(`${synced} of ${total} repositories in sync`);
}

function showProjects(repositories) {
  const counts = countByProject(repositories.values());
  for (const place of all('[data-project]')) {
    const { total, synced } = counts[place.dataset.project] ?? { total: 0, synced: 0 };
    place.hidden = total === 0;
    const bar = place.querySelector('progress');
    bar.max = Math.max(1, total);
    bar.value = synced;
    bar.classList.toggle('done', synced === total);
    say(place.querySelector('[data-count]'), `${synced} of ${total} in sync`);
  }
}

/** Only what the page shows is asked for; for the counts of projects that is everything. */
function newsOf() {
  if (document.querySelector('[data-project]')) return EVENTS;
  const ids = new Set(all('[data-repository]').map(({ dataset }) => dataset.repository));
  return `${EVENTS}?repositories=${ids.size > 0 && ids.size <= 100 ? [...ids].join(',') : 'none'}`;
}

/** Follows the mirror's own news; after a cut, the browser connects again by itself. */
function startListening() {
  const lost = document.querySelector('[data-lost]');
  const repositories = new Map();
  const read = (work) => (event) => work(JSON.parse(event.data));
  let timer;
  const events = new EventSource(newsOf());
  events.addEventListener('open', () => {
    clearTimeout(timer);
    timer = undefined;
    repositories.clear();
    if (lost) lost.hidden = true;
  });
  events.addEventListener('error', () => {
    timer ??= setTimeout(() => lost && (lost.hidden = false), LOST_AFTER_MS);
    // After a refusal, such as that of a full house, browsers do not try again by themselves.
    if (events.readyState === EventSource.CLOSED) setTimeout(startListening, REFUSED_PAUSE_MS);
  });
  let pending = false;
  const soon = () => {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => {
      pending = false;
      showProjects(repositories);
    });
  };
  const take = (repository) => {
    repositories.set(repository.id, repository);
    showRepository(repository);
    soon();
  };
  events.addEventListener('repository', read(take));
  events.addEventListener(
    'removed',
    read(({ id }) => {
      repositories.delete(id);
      soon();
    }),
  );
  events.addEventListener('progress', read(showOverall));
  events.addEventListener(
    'status',
    read(({ connection }) => {
      // A page about the connection is another one when that has changed, and holds nothing that a person has typed.
      const page = document.querySelector('[data-connection]');
      if (connection && page && page.dataset.connection !== connection.state) location.reload();
    }),
  );
  addEventListener('pagehide', () => events.close());
  addEventListener('pageshow', ({ persisted }) => persisted && location.reload());
}

if (typeof document !== 'undefined') {
  all('[data-copy]').forEach(startCopying);
  all('.clone').forEach(startChoosing);
  all('time[data-local]').forEach(showLocally);
  startTicking();
  if (document.body.dataset.live !== undefined) startListening();
}
