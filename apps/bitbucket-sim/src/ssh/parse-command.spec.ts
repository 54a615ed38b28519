import { describe, expect, it } from '@jest/globals';
import { parseCommand } from './parse-command.js';

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
