import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { addressBlock } from '@antipode/http-door';
import { addressOf } from '../audit/initiator.js';
import { CurrentViewer } from '../people/current-viewer.js';
import type { Viewer } from '../people/viewer.js';
import { Viewers } from '../people/viewers.js';
import { ViewerRoute } from '../rest/openapi.js';
import { validate } from '../rest/validate.js';
import { EventHub } from './event-hub.js';
import { eventsQuery, eventsSchema, progressSchema } from './events-schemas.js';
import { Progress } from './progress.js';

@ApiTags('events')
@Controller('-/api/v1')
export class EventsController {
  constructor(
    private readonly hub: EventHub,
    private readonly progress: Progress,
    private readonly viewers: Viewers,
  ) {}

  @Get('progress')
  @ViewerRoute({
    summary: 'Shows how far the mirror has come with the repositories that the viewer may see',
    answer: progressSchema,
  })
  async show(@CurrentViewer() viewer: Viewer): Promise<z.infer<typeof progressSchema>> {
    return this.progress.read(await this.viewers.sightOf(viewer));
  }

  @Get('events')
  @ViewerRoute({
    summary:
      'Follows the mirror (server-sent events): `status`, `progress`, `repository` (as in the list) and `removed` ({id}), ' +
      'of what the viewer may see; everything once, then what changes',
    query: eventsQuery,
    type: 'text/event-stream',
    answer: eventsSchema,
    problems: [400],
  })
  async follow(
    @Query() query: unknown,
    @CurrentViewer() viewer: Viewer,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    const { repositories } = validate(eventsQuery, query);
    await this.hub.follow({
      viewer,
      sight: await this.viewers.sightOf(viewer),
      owner: viewer.kind === 'person' ? viewer.id : addressBlock(addressOf(request).address ?? ''),
      repositories: readWanted(repositories),
      request,
      response,
    });
  }
}

function readWanted(text: string | undefined): ReadonlySet<string> | null {
  if (text === undefined) return null;
  return new Set(text === 'none' ? [] : text.split(','));
}
