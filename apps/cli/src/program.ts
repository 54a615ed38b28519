import { Command, Option } from 'commander';
import { parseList, parsePortBase, parsePrimary, type UpOptions } from './commands/up-settings.js';
import { DEFAULT_PORT_BASE } from './house/ports.js';

/** What the command line can ask for; each returns its exit code. */
export interface Actions {
  up(options: UpOptions): Promise<void>;
  down(options: { data: string }): Promise<void>;
  sim(options: { data: string; portBase: number }): Promise<void>;
  status(options: { data: string; json?: true }): Promise<void>;
}

const EXIT_CODES = `
Exit codes: 0 done · 1 failed, with a sentence that says how · 2 wrong usage · 3 nothing is running (status) · 130 interrupted`;

/** The whole surface of the `antipode` command. */
export function buildProgram(actions: Actions): Command {
  const program = new Command('antipode')
    .description('A smart mirror for Bitbucket Cloud that you host next to your people and your CI.')
    .showHelpAfterError('(antipode --help shows what there is)')
    .addHelpText('after', EXIT_CODES);
  program
    .command('up')
    .description(
      'run a house: PostgreSQL, Redis and all services, with a simulated Bitbucket and a demo unless told otherwise',
    )
    .addOption(dataOption())
    .addOption(portBaseOption())
    .option('--detach', 'return when everything is ready; the house runs on until `antipode down`')
    .option('--no-demo', 'start without connecting or selecting anything')
    .addOption(
      new Option(
        '--primary <KIND=URL>',
        'mirror this host instead of the simulator; KIND is bitbucket-cloud or git-http',
      ).argParser(parsePrimary),
    )
    .option('--workspace <name>', 'bitbucket-cloud: the workspace to mirror')
    .option('--token-file <file>', 'bitbucket-cloud: a file that holds the workspace access token')
    .option(
      '--on-demand',
      'git-http: learn a repository from the first request that the primary lets through',
    )
    .addOption(
      new Option('--repositories <a,b>', 'git-http: the repositories to mirror, by path').argParser(
        parseList,
      ),
    )
    .action((options: UpOptions) => actions.up(options));
  program
    .command('down')
    .description('stop the house of a data folder')
    .addOption(dataOption())
    .action((options: { data: string }) => actions.down(options));
  program
    .command('sim')
    .description('run the simulated Bitbucket alone')
    .addOption(dataOption())
    .addOption(portBaseOption())
    .action((options: { data: string; portBase: number }) => actions.sim(options));
  program
    .command('status')
    .description('show how the parts of a running house are doing')
    .addOption(dataOption())
    .option('--json', 'for programs')
    .action((options: { data: string; json?: true }) => actions.status(options));
  return program;
}

const dataOption = (): Option =>
  new Option('--data <DIR>', 'where the house keeps its data, logs and secrets').default('.antipode');

const portBaseOption = (): Option =>
  new Option('--port-base <N>', 'the first of the 17 ports that it uses')
    .default(DEFAULT_PORT_BASE)
    .argParser(parsePortBase);
