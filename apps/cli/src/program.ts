import tab from '@bomb.sh/tab/commander';
import { Command } from 'commander';
import type { Actions } from './surface/actions.js';
import { addHouseCommands } from './surface/house-commands.js';
import { addMirrorCommands } from './surface/mirror-commands.js';

const EXIT_CODES = `
Exit codes: 0 done · 1 failed or not well, with a sentence that says how · 2 wrong usage · 3 nothing is running, or the
mirror does not answer · 4 the mirror does not take the token · 5 no such workspace, project, repository or part ·
130 interrupted`;

/** The whole surface of the `antipode` command. */
export function buildProgram(actions: Actions): Command {
  const program = new Command('antipode')
    .description('A smart mirror for Bitbucket Cloud that you host next to your people and your CI.')
    .showHelpAfterError('(antipode --help shows what there is)')
    .addHelpText('after', EXIT_CODES)
    // commander's own complaints become our exit code 2; subcommands made from here on inherit that.
    .exitOverride();
  addHouseCommands(program, actions);
  addMirrorCommands(program, actions);
  // Adds `completion <shell>`, and the hidden command that the scripts ask at every Tab.
  tab(program, { completionCommandName: 'completion' });
  program.commands
    .find((command) => command.name() === 'completion')
    ?.description('print the completion script of a shell: source <(antipode completion bash)');
  return program;
}
