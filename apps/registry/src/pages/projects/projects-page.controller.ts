import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AntipodeError } from '@antipode/errors';
import { ProjectPolicies } from '../../projects/project-policies.service.js';
import { policyChangeSchema } from '../../rest/change-schemas.js';
import { SelectionService } from '../../selection/selection.service.js';
import { Pages } from '../pages.js';
import type { Answer, Visit } from '../visit.js';
import { projectSettingsPage } from './project.page.js';
import { ProjectsReader } from './projects-reader.js';
import { projectsPage } from './projects.page.js';
import { readChoice } from './read-choice.js';
import { reviewPage } from './review.page.js';

/** Choosing projects in the browser: what would happen is shown before it does. */
@ApiExcludeController()
@Controller('-/projects')
export class ProjectsPageController {
  constructor(
    private readonly pages: Pages,
    private readonly policies: ProjectPolicies,
    private readonly reader: ProjectsReader,
    private readonly selection: SelectionService,
  ) {}

  @Get()
  list(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.show([request, response], 'administrators', async ({ csrf, url }) =>
      projectsPage({
        ...(await this.reader.all()),
        csrf,
        q: (url.searchParams.get('q') ?? '').slice(0, 256),
        changed: url.searchParams.has('changed'),
      }),
    );
  }

  @Post()
  choose(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.submit([request, response], 'administrators', (visit, form) =>
      form.get('step') === 'apply' ? this.apply(visit, form) : this.review(visit, form, 'first'),
    );
  }

  @Get(':key')
  show(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.show([request, response], 'administrators', async ({ csrf, url }) =>
      projectSettingsPage({
        csrf,
        project: await this.reader.one(keyOf(url)),
        saved: url.searchParams.has('saved'),
      }),
    );
  }

  @Post(':key')
  set(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.submit([request, response], 'administrators', async ({ csrf, url, by }, form) => {
      const project = await this.reader.one(keyOf(url));
      const wanted = policyChangeSchema.safeParse(readPolicy(form));
      if (!wanted.success) {
        const problem = 'The number of seconds is one from 1 to 86400.';
        return projectSettingsPage({ csrf, project, problem, saved: false });
      }
      await this.policies.set(project.key, wanted.data, by);
      return { location: `/-/projects/${encodeURIComponent(project.key)}?saved` };
    });
  }

  private async review({ csrf }: Visit, form: URLSearchParams, time: 'first' | 'again'): Promise<Answer> {
    const { choice, publicRepositories } = readChoice(form);
    const before = await this.selection.read();
    const { chosen, change } = await this.selection.preview(choice, { publicRepositories });
    return reviewPage({ csrf, before, chosen, change, isUnticked: time === 'again' });
  }

  private async apply(visit: Visit, form: URLSearchParams): Promise<Answer> {
    const { choice, publicRepositories } = readChoice(form);
    const narrowing = form.get('allowNarrowing') === 'yes' ? 'allowed' : 'refused';
    const before = await this.selection.read();
    // The service refuses it as well, in words for programs.
    if (before.all && !choice.all && narrowing === 'refused') return this.review(visit, form, 'again');
    await this.selection.choose(choice, { by: visit.by, publicRepositories, narrowing });
    return { location: '/-/projects?changed' };
  }
}

/** @throws AntipodeError `not_found` for what no URL of ours has. */
function keyOf({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname.split('/')[3] ?? '');
  } catch {
    throw new AntipodeError('not_found', 'reading a project’s key');
  }
}

function readPolicy(form: URLSearchParams): unknown {
  const kind = form.get('freshness') ?? '';
  const freshness = kind === 'bounded' ? `bounded:${form.get('seconds') ?? ''}` : kind;
  return { freshness: freshness || null, lfsPrefetch: form.get('lfsPrefetch') || null };
}
