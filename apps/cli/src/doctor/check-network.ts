import { isIP } from 'node:net';
import { connect, type PeerCertificate } from 'node:tls';
import { formatDuration } from '../screen/words.js';
import { fail, ok, reasonOf, warn, type Finding } from './finding.js';

const ANSWER_MS = 10_000;
const DAY_MS = 86_400_000;

/** What a host answered, and by how much its clock is ahead of ours. */
export interface Knock {
  readonly status: number;
  /** Undefined where the answer has no date. A Date header is exact to a second. */
  readonly clockAheadMs: number | undefined;
}

/** One question without a credential; any answer tells that somebody is there. @throws Error where none comes */
export async function knock(url: string): Promise<Knock> {
  const asked = Date.now();
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) });
  const answered = Date.now();
  await response.body?.cancel();
  const date = Date.parse(response.headers.get('date') ?? '');
  // The header's second began up to a second before it was written: half of one, on average.
  const clockAheadMs = Number.isNaN(date) ? undefined : date + 500 - (asked + answered) / 2;
  return { status: response.status, clockAheadMs };
}

/** Whether the primary can be reached from here, and how far its clock is from ours. */
export async function checkPrimary(primary: { url: string; api: string | null }): Promise<Finding[]> {
  const git = await reach('primary, git', `${primary.url}/`);
  const api = primary.api === null ? undefined : await reach('primary, API', primary.api);
  const clock = api?.knock ?? git.knock;
  return [git.finding, ...(api ? [api.finding] : []), ...(clock ? [checkClock(clock, "the primary's")] : [])];
}

async function reach(name: string, url: string): Promise<{ finding: Finding; knock?: Knock }> {
  try {
    const knocked = await knock(url);
    const seen = `${url} answers (${knocked.status})`;
    // 401 and 404 are answers: we have shown no credential and named no repository.
    if (knocked.status < 500) return { finding: ok(name, seen), knock: knocked };
    return {
      finding: fail(name, seen, "Look at the primary's status page; the mirror serves what it has."),
      knock: knocked,
    };
  } catch (error) {
    const next = 'Check DNS, firewall and proxy between this machine and the primary.';
    return { finding: fail(name, `no answer from ${url} (${reasonOf(error)})`, next) };
  }
}

const SKEW_WARN_MS = 5000;
const SKEW_FAIL_MS = 60_000;

/** @param whose completes "behind …": "the primary's" */
export function checkClock({ clockAheadMs }: Knock, whose: string): Finding {
  const name = 'clock';
  if (clockAheadMs === undefined) return warn(name, `${whose} is unknown: no Date header`, 'Nothing to do.');
  const off = Math.abs(clockAheadMs);
  // Network and the header's second are within that.
  if (off < 2000) return ok(name, `agrees with ${whose} to 2 s`);
  const seen = `ours is ${formatDuration(off)} ${clockAheadMs > 0 ? 'behind' : 'ahead of'} ${whose}`;
  const next = 'Let this machine set its clock by NTP (Debian: apt-get install systemd-timesyncd).';
  if (off < SKEW_WARN_MS) return ok(name, seen);
  return off < SKEW_FAIL_MS ? warn(name, seen, next) : fail(name, seen, next);
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** The certificate that clients meet at the mirror's public address. */
export async function checkTls(publicUrl: string): Promise<Finding> {
  const name = 'TLS';
  const { protocol, hostname, port } = new URL(publicUrl);
  if (protocol === 'http:')
    return LOOPBACK.test(hostname)
      ? ok(name, `none, and none needed: ${publicUrl} is this machine alone`)
      : warn(
          name,
          `none: ${publicUrl} is plain HTTP`,
          'Anybody on the way can read credentials: put a proxy with TLS in front and set PUBLIC_URL to https://….',
        );
  try {
    return judge(await certificateOf(hostname, Number(port || 443)));
  } catch (error) {
    return fail(
      name,
      `no TLS at ${publicUrl} (${reasonOf(error)})`,
      'Look at what terminates TLS in front of the mirror.',
    );
  }
}

interface Met {
  readonly certificate: PeerCertificate;
  /** Why clients will not trust it. */
  readonly distrust: string | undefined;
}

function judge({ certificate, distrust }: Met, now = Date.now()): Finding {
  const name = 'TLS';
  const left = Date.parse(certificate.valid_to) - now;
  if (distrust !== undefined)
    return fail(
      name,
      `clients will not trust the certificate (${distrust})`,
      'Install one that they trust, with its whole chain.',
    );
  const seen = `trusted, until ${new Date(certificate.valid_to).toISOString().slice(0, 10)}`;
  if (left < 14 * DAY_MS) return warn(name, seen, 'Renew the certificate: less than two weeks are left.');
  return ok(name, seen);
}

function certificateOf(hostname: string, port: number): Promise<Met> {
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    // Looked at, never used: nothing is sent over this connection.
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ host, port, ...name, rejectUnauthorized: false }, () => {
      const distrust = socket.authorized ? undefined : String(socket.authorizationError);
      resolve({ certificate: socket.getPeerCertificate(), distrust });
      socket.destroy();
    });
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`nothing within ${ANSWER_MS / 1000} s`)));
    socket.once('error', reject);
  });
}
