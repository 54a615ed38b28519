import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { By, type Initiator } from '../audit/initiator.js';
import { AdminRoute } from '../rest/openapi.js';
import { chooseSchema, chosenSchema, selectionSchema } from '../rest/change-schemas.js';
import { validate } from '../rest/validate.js';
import type { ProjectChoice, Selection } from './selection.js';
import { SelectionService } from './selection.service.js';

type SelectionAnswer = z.infer<typeof selectionSchema>;

@ApiTags('selection')
@Controller('-/api/v1/selection')
export class SelectionController {
  constructor(private readonly selection: SelectionService) {}

  @Get()
  @AdminRoute({ summary: 'Shows which projects are mirrored', answer: selectionSchema })
  async show(): Promise<SelectionAnswer> {
    return writeSelection(await this.selection.read());
  }

  @Put()
  @AdminRoute({
    summary:
      'Chooses which projects are mirrored; their repositories are discovered at once. From all projects back to some: ' +
      '409 without `allowNarrowing`. `dryRun` changes nothing and tells what would go and come',
    body: chooseSchema,
    answer: chosenSchema,
    problems: [400, 404, 409, 413, 422, 502, 503],
  })
  async choose(@Body() body: unknown, @By() by: Initiator): Promise<z.infer<typeof chosenSchema>> {
    const { dryRun, allowNarrowing, publicRepositories, ...choice } = validate(chooseSchema, body);
    const narrowing = allowNarrowing ? 'allowed' : 'refused';
    const { chosen, change } = dryRun
      ? await this.selection.preview(readChoice(choice), { publicRepositories })
      : await this.selection.choose(readChoice(choice), { by, publicRepositories, narrowing });
    return { ...writeSelection(chosen), change: { dryRun, ...change } };
  }
}

export const writeSelection = (selection: Selection): SelectionAnswer => {
  const { publicRepositories } = selection;
  return selection.all
    ? { mode: 'all', publicRepositories }
    : { mode: 'selected', projectKeys: [...selection.projectKeys], publicRepositories };
};

const readChoice = (choice: { mode: 'all' | 'selected'; projectKeys?: string[] }): ProjectChoice =>
  choice.mode === 'all' ? { all: true } : { all: false, projectKeys: choice.projectKeys ?? [] };
