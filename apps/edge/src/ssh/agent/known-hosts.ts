import { createHmac } from 'node:crypto';

interface Line {
  readonly isRevoked: boolean;
  readonly matches: (name: string) => boolean;
  readonly type: string;
  /** Base64. */
  readonly key: string;
}

/**
 * The host keys that an administrator vouches for, in the form of OpenSSH's known_hosts: sshd(8), "SSH_KNOWN_HOSTS FILE
 * FORMAT". Certificate authorities are not understood, and their lines left out.
 */
export class KnownHosts {
  private constructor(private readonly lines: readonly Line[]) {}

  static read(text: string): KnownHosts {
    return new KnownHosts(text.split('\n').flatMap((line) => readLine(line.trim()) ?? []));
  }

  /** The types of the keys that are known of a host: only these are worth asking it for. */
  typesOf(host: string, port: number): string[] {
    return [...new Set(this.of(host, port).flatMap(({ type, isRevoked }) => (isRevoked ? [] : [type])))];
  }

  /** @param key in SSH's wire format */
  knows(host: string, port: number, key: Buffer): boolean {
    const found = this.of(host, port).filter((line) => line.key === key.toString('base64'));
    return found.length > 0 && !found.some(({ isRevoked }) => isRevoked);
  }

  private of(host: string, port: number): Line[] {
    const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
    return this.lines.filter(({ matches }) => matches(name));
  }
}

/** [marker] names type key [comment] */
function readLine(text: string): Line | undefined {
  const words = text.split(/\s+/);
  const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
  const [names, type, key] = words;
  const isOurs = marker === undefined || marker === '@revoked';
  if (text.startsWith('#') || !names || !type || !key || !isOurs) return undefined;
  const matches = names.startsWith('|1|') ? hashed(names) : listed(names);
  return { isRevoked: marker === '@revoked', matches, type, key };
}

/** "|1|salt|hash": an HMAC-SHA1 of the name. */
function hashed(names: string): (name: string) => boolean {
  const [, , salt = '', hash = ''] = names.split('|');
  return (name) => createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

/** Patterns with "*" and "?", separated by commas; one with "!" in front takes all of them back. */
function listed(names: string): (name: string) => boolean {
  const patterns = names.toLowerCase().split(',');
  const positive = patterns.filter((pattern) => !pattern.startsWith('!')).map(asRegExp);
  const negative = patterns
    .filter((pattern) => pattern.startsWith('!'))
    .map((text) => asRegExp(text.slice(1)));
  return (name) => positive.some((is) => is.test(name)) && !negative.some((is) => is.test(name));
}

const asRegExp = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );
