import { describe, expect, it } from '@jest/globals';
import { parseCommand, parseLfsCommand } from './parse-command.js';

describe('parseCommand', () => {
  const widget = { workspace: 'acme', slug: 'widget' };

  it.each([
    ["git-upload-pack 'acme/widget.git'", 'git-upload-pack'],
    ["git-upload-pack '/acme/widget.git'", 'git-upload-pack'],
    ["git-receive-pack '/acme/widget'", 'git-receive-pack'],
    ['git-receive-pack acme/widget.git', 'git-receive-pack'],
    ['git-upload-pack "acme/widget.git"', 'git-upload-pack'],
    ["git upload-pack 'acme/widget.git'", 'git-upload-pack'],
    ["/usr/bin/git-upload-pack '/acme/widget.git/'", 'git-upload-pack'],
  ])('understands %s', (command, service) => {
    expect(parseCommand(command)).toEqual({ service, ...widget });
  });

  it('reads the quotes that git writes', () => {
    expect(parseCommand("git-upload-pack 'acme/it'\\''s.git'")?.slug).toBe("it's");
  });

  it.each([
    'ls',
    'git-upload-archive acme/widget.git',
    'git-upload-pack',
    "git-upload-pack ''",
    "git-upload-pack 'widget.git'",
    "git-upload-pack 'a/b/c.git'",
    "git-upload-pack '/.git'",
  ])('knows nothing of %s', (command) => {
    expect(parseCommand(command)).toBeUndefined();
  });
});

describe('parseLfsCommand', () => {
  it.each([
    ["git-lfs-authenticate '/acme/widget.git' download", 'download'],
    ['git-lfs-authenticate acme/widget.git upload', 'upload'],
    ['git-lfs-authenticate acme/widget upload 0123abcd', 'upload'],
  ])('understands %s', (command, operation) => {
    expect(parseLfsCommand(command)).toEqual({ operation, workspace: 'acme', slug: 'widget' });
  });

  it.each([
    'git-lfs-authenticate acme/widget.git',
    'git-lfs-authenticate acme/widget.git delete',
    'git-lfs-authenticate widget download',
    'git-lfs-transfer acme/widget.git download',
    'git-upload-pack acme/widget.git',
  ])('knows nothing of %s', (command) => expect(parseLfsCommand(command)).toBeUndefined());
});
