import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { KnownHosts } from './known-hosts.js';

const KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIJh0';
const key = Buffer.from(KEY, 'base64');
const other = Buffer.from('other');
const hashed = (name: string): string => {
  const salt = Buffer.from('twenty bytes of salt');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};

describe('a list of known hosts', () => {
  it.each([
    [`host.example ssh-ed25519 ${KEY} a comment`, 'host.example', 22],
    [`HOST.example,10.0.0.1 ssh-ed25519 ${KEY}`, '10.0.0.1', 22],
    [`[host.example]:7999 ssh-ed25519 ${KEY}`, 'host.example', 7999],
    [`*.example ssh-ed25519 ${KEY}`, 'host.example', 22],
    [`# a comment\n\n  ${hashed('host.example')}  ssh-ed25519\t${KEY}\r\n`, 'Host.Example', 22],
    [`${hashed('[host.example]:7999')} ssh-ed25519 ${KEY}`, 'host.example', 7999],
  ])('knows the key of %j', (text, host, port) => {
    const known = KnownHosts.read(text);
    expect(known.knows(host, port, key)).toBe(true);
    expect(known.knows(host, port, other)).toBe(false);
    expect(known.typesOf(host, port)).toEqual(['ssh-ed25519']);
  });

  it.each([
    ['of another host', `else.example ssh-ed25519 ${KEY}`],
    ['of another port', `[host.example]:7999 ssh-ed25519 ${KEY}`],
    ['that is taken back by a pattern', `*.example,!host.example ssh-ed25519 ${KEY}`],
    ['that is revoked', `host.example ssh-ed25519 ${KEY}\n@revoked host.example ssh-ed25519 ${KEY}`],
    ['of an authority', `@cert-authority *.example ssh-ed25519 ${KEY}`],
    ['in a line that is cut short', 'host.example ssh-ed25519'],
    ['whose dot is no pattern', `hostxexample ssh-ed25519 ${KEY}`],
    ['in an empty file', ''],
  ])('does not know a key %s', (_, text) => {
    expect(KnownHosts.read(text).knows('host.example', 22, key)).toBe(false);
  });
});
