import { InvalidArgumentError, Option, type Command } from 'commander';
import { parsePortBase } from '../commands/up-settings.js';
import { DEFAULT_PORT_BASE } from '../house/ports.js';

export const dataOption = (): Option =>
  new Option('--data <DIR>', 'where the house keeps its data, logs and secrets').default('.antipode');

export const portBaseOption = (): Option =>
  new Option('--port-base <N>', 'the first of the 18 ports that it uses')
    .default(DEFAULT_PORT_BASE)
    .argParser(parsePortBase);

export const jsonOption = (): Option => new Option('--json', 'for programs');

/**
 * The options by which a command is told which mirror is meant.
 *
 * @param tokenFlag where the command has another `--token-file`
 */
export const withMirror = (command: Command, tokenFlag = '--token-file <file>'): Command =>
  command
    .option('--data <DIR>', 'the house of this folder (default: .antipode, where one runs there)')
    .option('--url <URL>', 'a mirror elsewhere (or ANTIPODE_URL)')
    .option(tokenFlag, 'a file that holds its admin token (or ANTIPODE_TOKEN_FILE, ANTIPODE_TOKEN)')
    .option('--profile <name>', 'a mirror of ~/.config/antipode/<name>.json (or ANTIPODE_PROFILE)')
    .addOption(jsonOption());

/** A whole number from `least` on. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const number = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} on.`);
  };

/** A workspace's id, as the mirror takes it. */
export function parseWorkspace(text: string): string {
  if (/^[A-Za-z0-9_-]{1,128}$/.test(text)) return text;
  throw new InvalidArgumentError(
    "It must be the workspace's id, as in its URL: https://bitbucket.org/<id>/.",
  );
}

/** Seconds, also parts of one. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds >= 0.1 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError('It must be a number of seconds from 0.1 to 86400.');
}
