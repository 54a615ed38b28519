import { Option, type Command } from 'commander';
import { parseFreshness, parsePrefetch } from '../commands/project-policy.js';
import type { PolicyChange } from '../mirror/mirror-client.js';
import type { Repair } from '../commands/repair.js';
import { EVENTS } from '../commands/webhooks.js';
import type { Actions, AskOptions } from './actions.js';
import { parseSeconds, parseWorkspace, withMirror, wholeNumber } from './options.js';

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
  addConnection(program, actions);
  addProjects(program, actions);
  addRepos(program, actions);
  addWebhooks(program, actions);
  withMirror(
    program.command('mirrors').description('list the mirrors of the workspace that this one knows'),
  ).action(actions.listMirrors.bind(actions));
  withMirror(
    program
      .command('clone-url')
      .description('print the URL to clone a repository from the mirror, and the lines that let git use it')
      .argument('<repository>', 'its path, slug, id or URL'),
  )
    .option('--ssh', 'the URLs for SSH')
    .action(actions.cloneUrl.bind(actions));
}

function addConnection(program: Command, actions: Actions): void {
  const connect = program
    .command('connect')
    .description('connect the mirror to a workspace, or give it a new token; waits until it stands')
    .addOption(
      new Option('--workspace <id>', 'the workspace to mirror')
        .argParser(parseWorkspace)
        .makeOptionMandatory(),
    )
    .requiredOption(
      '--token-file <file>',
      'a file that holds the token for that workspace; - reads it from stdin',
    )
    .option('--email <address>', "with a person's API token: its owner's")
    .option('--username <name>', "with a person's API token: its owner's, for git");
  withMirror(connect, '--admin-token-file <file>').action(actions.connect.bind(actions));
  withMirror(
    program
      .command('disconnect')
      .description('end the connection: says what that takes away, asks, and waits until it is done'),
  )
    .option('--now', 'delete what is kept of it at once, without the grace time')
    .option('-y, --yes', 'do not ask; needed where there is no terminal')
    .action(actions.disconnect.bind(actions));
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
  withMirror(
    projects
      .command('policy')
      .description('show what a project has of its own, or change it')
      .argument('<key>', 'such as WEB'),
  )
    .addOption(
      new Option('--freshness <policy>', 'strict, bounded:<seconds>, event or default').argParser(
        parseFreshness,
      ),
    )
    .addOption(
      new Option(
        '--lfs-prefetch <when>',
        'large files: on (with each sync), off (when somebody asks) or default',
      ).argParser(parsePrefetch),
    )
    .action((key: string, options: AskOptions & PolicyChange) => actions.projectPolicy(key, options));
}

function addWebhooks(program: Command, actions: Actions): void {
  const webhooks = program.command('webhooks').description('choose who is told of what happens here');
  withMirror(webhooks.command('list').description('list the outgoing webhooks')).action(
    actions.listWebhooks.bind(actions),
  );
  withMirror(
    webhooks
      .command('add')
      .description('tell this URL, with a signature, when repositories are in sync or fail')
      .argument('<url>', 'where it is sent to'),
  )
    .requiredOption(
      '--secret-file <file>',
      'a file that holds the secret to sign with; - reads it from stdin',
    )
    .addOption(new Option('--event <event...>', 'these alone (default: all)').choices(EVENTS))
    .action(actions.addWebhook.bind(actions));
  const one = (verb: string, does: string): Command =>
    withMirror(webhooks.command(verb).description(does).argument('<id>', 'as `webhooks list` shows it'));
  one('remove', 'tell it nothing any more').action(actions.removeWebhook.bind(actions));
  one('ping', 'try it once, now; 1 where it is not delivered').action(actions.pingWebhook.bind(actions));
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
  const repair = (how: Repair, does: string): unknown =>
    withMirror(
      repos.command(how).description(does).argument('<repositories...>', 'their paths, slugs, ids or URLs'),
    )
      .option('--no-wait', 'ask for it, and leave')
      .action((names: string[], options: AskOptions & { wait: boolean }) =>
        actions.repairRepositories(how, names, options),
      );
  repair('verify', 'compare these with the primary, look all objects through, repair what is wrong');
  repair('reclone', 'clone these anew; the old ones are served until the new ones are there');
}
