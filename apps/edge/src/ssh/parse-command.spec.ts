import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseCommand } from './parse-command.js';

const upload = { kind: 'git', service: 'git-upload-pack', path: 'acme/widget.git' };

describe('a command line', () => {
  it.each([
    "git-upload-pack '/acme/widget.git'",
    "git-upload-pack 'acme/widget.git'",
    'git-upload-pack acme/widget.git',
    'git-upload-pack "/acme/widget.git"',
    "git upload-pack '/acme/widget.git'",
    "/usr/bin/git-upload-pack '/acme/widget.git'",
    "/usr/bin/git upload-pack '~/acme/widget.git'",
    "git-upload-pack '/~/acme/widget.git'",
    "  git-upload-pack   '/acme/'widget'.git'  ",
  ])('is understood: %s', (text) => expect(parseCommand(text)).toEqual(upload));

  it('of a push is one', () => {
    expect(parseCommand("git-receive-pack '/acme/widget.git'")).toMatchObject({
      service: 'git-receive-pack',
    });
  });

  it('keeps a quote that git has quoted', () => {
    expect(parseCommand(`git-upload-pack '/acme/it'\\''s'`)).toMatchObject({ path: "acme/it's" });
  });

  it.each([
    'git-lfs-authenticate acme/widget.git download',
    "git-lfs-authenticate '/acme/widget.git' download",
    'git-lfs-authenticate /acme/widget.git download',
    '/usr/bin/git-lfs-authenticate ~/acme/widget.git download 0123',
    'git lfs-authenticate acme/widget.git download',
  ])('asks for LFS: %s', (text) =>
    expect(parseCommand(text)).toEqual({
      kind: 'lfs_authenticate',
      operation: 'download',
      path: 'acme/widget.git',
    }),
  );

  it('tells an upload from a download, and LFS over SSH from both', () => {
    expect(parseCommand('git-lfs-authenticate acme/widget upload')).toMatchObject({ operation: 'upload' });
    expect(parseCommand('git-lfs-transfer /acme/widget.git upload')).toEqual({ kind: 'lfs_transfer' });
  });

  it.each([
    '',
    'ls',
    'git-upload-pack',
    "git-upload-pack '/acme/widget.git' --upload-pack=sh",
    "git-upload-pack '/acme/widget.git'; sh",
    "git-upload-pack '/acme/widget.git' && sh",
    'git-upload-pack $(sh)',
    'git-upload-pack `sh`',
    'git-upload-pack "$HOME"',
    "git-upload-pack '/acme/widget.git",
    "git-upload-pack '/acme/wid\nget.git'",
    "git-upload-pack '/acme/wid\0get.git'",
    "git-upload-archive '/acme/widget.git'",
    "git-upload-pack>x '/acme/widget.git'",
    'git-lfs-authenticate acme/widget.git',
    'git-lfs-authenticate acme/widget.git verify',
    'git-lfs-authenticate acme/widget.git download x y',
    `git-upload-pack '/${'a'.repeat(5000)}'`,
  ])('of anything else is unknown: %j', (text) => expect(parseCommand(text)).toEqual({ kind: 'unknown' }));

  it('is total, and a path never begins with a slash that was not doubled', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const parsed = parseCommand(`git-upload-pack ${text}`);
        expect(['git', 'unknown']).toContain(parsed.kind);
      }),
    );
  });

  it('gives back every path that git quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abc/.-_ \'!"$%äé'), minLength: 1 }), (path) => {
        fc.pre(!/^[/~]/.test(path));
        const quoted = `'${path.replaceAll(/['!]/g, String.raw`'\$&'`)}'`;
        expect(parseCommand(`git-upload-pack ${quoted}`)).toMatchObject({ path });
      }),
    );
  });
});
