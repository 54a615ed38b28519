import { Argument, Option, type Command } from 'commander';
import { parseList, parsePortBase, parsePrimary } from '../commands/up-settings.js';
import { SERVICE_NAMES } from '../parts/services.js';
import type { Actions } from './actions.js';
import { dataOption, jsonOption, portBaseOption, wholeNumber } from './options.js';

/** What runs and looks after a house of this machine. */
export function addHouseCommands(program: Command, actions: Actions): void {
  const up = program
    .command('up')
    .description(
      'run a house: PostgreSQL, Redis and all services, with a simulated Bitbucket and a demo unless told otherwise',
    )
    .addOption(dataOption())
    .addOption(portBaseOption())
    .option('--detach', 'return when everything is ready; the house runs on until `antipode down`')
    .option('--no-demo', 'start without connecting or selecting anything');
  withPrimary(up)
    .addOption(
      new Option(
        '--json',
        'with --detach where everything is, as one object; else what happens, one object per line',
      ),
    )
    .action(actions.up.bind(actions));
  program
    .command('down')
    .description('stop the house of a data folder')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(actions.down.bind(actions));
  program
    .command('sim')
    .description('run the simulated Bitbucket alone')
    .addOption(dataOption())
    .addOption(portBaseOption())
    .addOption(new Option('--json', 'what happens, one JSON object per line'))
    .action(actions.sim.bind(actions));
  addLogs(program, actions);
  addConfig(program, actions);
}

const withPrimary = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--primary <KIND=URL>',
        'mirror this host instead of the simulator; KIND is bitbucket-cloud or git-http',
      ).argParser(parsePrimary),
    )
    .addOption(
      new Option(
        '--unconnected',
        'tell the services no workspace: somebody connects it in a browser, or by `antipode connect`',
      ).conflicts(['workspace', 'tokenFile', 'onDemand', 'repositories']),
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
    );

function addLogs(program: Command, actions: Actions): void {
  program
    .command('logs')
    .description('show what the parts of a house wrote last')
    .argument('[part]', 'one part alone, such as edge, sync or postgres')
    .addOption(dataOption())
    .option('-f, --follow', 'go on with what they write from now on, until Ctrl-C')
    .addOption(
      new Option('-n, --lines <N>', 'how many lines, of all together').default(50).argParser(wholeNumber(0)),
    )
    .addOption(new Option('--json', 'one JSON object per line, with its part'))
    .action(actions.logs.bind(actions));
}

function addConfig(program: Command, actions: Actions): void {
  const config = program.command('config').description('look at settings');
  const print = config
    .command('print')
    .description('show the settings that each service would get, and where each comes from')
    .addArgument(new Argument('[service]', 'one service alone').choices(SERVICE_NAMES))
    .addOption(dataOption())
    .addOption(
      new Option('--port-base <N>', 'the first port (default: that of the running house, or 7990)').argParser(
        parsePortBase,
      ),
    );
  withPrimary(print).addOption(jsonOption()).action(actions.printConfig.bind(actions));
}
