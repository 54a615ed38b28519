import { Option, type Command } from 'commander';
import type { Actions } from './actions.js';
import { parseSeconds, withMirror, wholeNumber } from './options.js';

/** What talks to a mirror, here or elsewhere. */
export function addMirrorCommands(program: Command, actions: Actions): void {
  withMirror(
    program.command('status').description('show how the mirror and the parts of a running house are doing'),
  )
    .option('-w, --watch', 'keep showing it, with progress and rates, until Ctrl-C')
    .addOption(
      new Option('--interval <seconds>', 'with --watch: between two looks')
        .default(1)
        .argParser(parseSeconds),
    )
    .action(actions.status.bind(actions));
  withMirror(
    program.command('doctor').description('look at everything that a mirror needs, and say what to do'),
  ).action(actions.doctor.bind(actions));
  addProjects(program, actions);
  addRepos(program, actions);
  withMirror(
    program
      .command('clone-url')
      .description('print the URL to clone a repository from the mirror, and the lines that let git use it')
      .argument('<repository>', 'its path, slug, id or URL'),
  )
    .option('--ssh', 'the URLs for SSH')
    .action(actions.cloneUrl.bind(actions));
}

function addProjects(program: Command, actions: Actions): void {
  const projects = program.command('projects').description('choose which projects are mirrored');
  withMirror(
    projects.command('list').description("list the primary's projects, and which are mirrored"),
  ).action(actions.listProjects.bind(actions));
  withMirror(
    projects
      .command('add')
      .description('mirror these projects as well')
      .argument('<keys...>', 'such as WEB OPS'),
  ).action(actions.addProjects.bind(actions));
  withMirror(
    projects
      .command('remove')
      .description('stop mirroring these projects')
      .argument('<keys...>', 'such as WEB OPS'),
  )
    .option('--dry-run', 'say what would go, and change nothing')
    .option('--allow-narrowing', 'also where all projects are mirrored: go back to a list of projects')
    .action(actions.removeProjects.bind(actions));
  withMirror(
    projects.command('all').description('mirror every project, those that come later as well'),
  ).action(actions.allProjects.bind(actions));
}

const PHASES = ['absent', 'cloning', 'ready', 'syncing', 'failing', 'removed'];

function addRepos(program: Command, actions: Actions): void {
  const repos = program.command('repos').description('look at the mirrored repositories');
  withMirror(repos.command('list').description('list them, by path'))
    .option('--project <key>', 'those of one project')
    .addOption(new Option('--phase <phase>', 'those in one phase').choices(PHASES))
    .option('-q, --query <text>', 'those with this in path or name')
    .addOption(new Option('--limit <N>', 'no more than so many').argParser(wholeNumber(1)))
    .action(actions.listRepositories.bind(actions));
  withMirror(
    repos
      .command('show')
      .description('show one, node by node')
      .argument('<repository>', 'its path, slug, id or URL'),
  ).action(actions.showRepository.bind(actions));
  withMirror(
    repos
      .command('sync')
      .description('let every node sync these now')
      .argument('<repositories...>', 'their paths, slugs, ids or URLs'),
  )
    .addOption(
      new Option(
        '--wait [seconds]',
        'until they are found in sync (default: at most 60 s); 1 where one fails',
      ).argParser(parseSeconds),
    )
    .action(actions.syncRepositories.bind(actions));
}
