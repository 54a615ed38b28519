import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { By, type Initiator } from '../audit/initiator.js';
import { AdminRoute } from '../rest/openapi.js';
import { policyChangeSchema, policySchema, projectsSchema } from '../rest/change-schemas.js';
import { validate } from '../rest/validate.js';
import { coversProject } from '../selection/selection.js';
import { SelectionService } from '../selection/selection.service.js';
import { DEFAULT_POLICY, ProjectPoliciesStore } from './project-policies.store.js';
import { ProjectsService } from './projects.service.js';
import { ProjectPolicies } from './project-policies.service.js';

type PolicyAnswer = z.infer<typeof policySchema>;

@ApiTags('projects')
@Controller('-/api/v1/projects')
export class ProjectsController {
  constructor(
    private readonly projects: ProjectsService,
    private readonly selection: SelectionService,
    private readonly policies: ProjectPolicies,
    private readonly store: ProjectPoliciesStore,
  ) {}

  @Get()
  @AdminRoute({
    summary: "Lists the primary's projects, with what each has of its own",
    answer: projectsSchema,
    problems: [409, 502, 503],
  })
  async list(): Promise<z.infer<typeof projectsSchema>> {
    const [selection, projects, policies] = await Promise.all([
      this.selection.read(),
      this.projects.list(),
      this.store.all(),
    ]);
    return {
      values: projects.map((project) => ({
        ...project,
        selected: coversProject(selection, project.key),
        policy: policies.get(project.key) ?? DEFAULT_POLICY,
      })),
    };
  }

  @Put(':key/policy')
  @AdminRoute({
    summary:
      "Sets how fresh a project's answers must be, and whether its large files are brought before anybody asks; " +
      'what is not named stays, null: as the mirror has it',
    params: { key: "The project's key." },
    body: policyChangeSchema,
    answer: policySchema,
    problems: [400, 404, 409, 413, 422, 502, 503],
  })
  async setPolicy(
    @Param('key') key: string,
    @Body() body: unknown,
    @By() by: Initiator,
  ): Promise<PolicyAnswer> {
    return this.policies.set(key, validate(policyChangeSchema, body), by);
  }
}
