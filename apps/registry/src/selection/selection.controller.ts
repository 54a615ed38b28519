import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { AdminRoute } from '../rest/openapi.js';
import { projectsSchema, selectionSchema } from '../rest/schemas.js';
import { validate } from '../rest/validate.js';
import { covers, type Selection } from './selection.js';
import { SelectionService } from './selection.service.js';

type SelectionAnswer = z.infer<typeof selectionSchema>;

@ApiTags('selection')
@Controller('-/api/v1')
export class SelectionController {
  constructor(private readonly selection: SelectionService) {}

  @Get('selection')
  @AdminRoute({ summary: 'Shows which projects are mirrored', answer: selectionSchema })
  async show(): Promise<SelectionAnswer> {
    return writeSelection(await this.selection.read());
  }

  @Put('selection')
  @AdminRoute({
    summary: 'Chooses which projects are mirrored; their repositories are discovered at once',
    body: selectionSchema,
    answer: selectionSchema,
    problems: [400, 404, 409, 413, 422, 502, 503],
  })
  async choose(@Body() body: unknown): Promise<SelectionAnswer> {
    return writeSelection(await this.selection.choose(readSelection(validate(selectionSchema, body))));
  }

  @Get('projects')
  @AdminRoute({ summary: "Lists the primary's projects", answer: projectsSchema, problems: [409, 502, 503] })
  async projects(): Promise<z.infer<typeof projectsSchema>> {
    const [selection, projects] = await Promise.all([this.selection.read(), this.selection.projects()]);
    return { values: projects.map((project) => ({ ...project, selected: covers(selection, project.key) })) };
  }
}

export const writeSelection = (selection: Selection): SelectionAnswer =>
  selection.all ? { mode: 'all' } : { mode: 'selected', projectKeys: [...selection.projectKeys] };

const readSelection = (answer: SelectionAnswer): Selection =>
  answer.mode === 'all' ? { all: true } : { all: false, projectKeys: answer.projectKeys };
