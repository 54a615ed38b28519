import { applyDecorators, UseGuards } from '@nestjs/common';
import {
  ApiBasicAuth,
  ApiBearerAuth,
  ApiBody,
  ApiCookieAuth,
  ApiExtension,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  ApiSecurity,
  DocumentBuilder,
  SwaggerModule,
  type OpenAPIObject,
} from '@nestjs/swagger';
import type { INestApplication } from '@nestjs/common';
import { z } from 'zod';
import { LimitGuard } from '../people/limit.guard.js';
import { ForAccess, ViewerGuard, type Access } from '../people/viewer.guard.js';
import { problemSchema } from './schemas.js';

type JsonSchema = Parameters<typeof ApiBody>[0] extends infer Options
  ? Options extends { schema: infer Schema }
    ? Schema
    : never
  : never;

/** A zod schema as OpenAPI 3.0 has it. */
export function toOpenApi(schema: z.ZodType, io: 'input' | 'output' = 'output'): JsonSchema {
  const written = z.toJSONSchema(schema, { target: 'openapi-3.0', io, unrepresentable: 'any' });
  return withNullInEnums(written) as JsonSchema;
}

/** OpenAPI 3.0.3: `nullable` does not widen an `enum`; null must be one of its values. */
function withNullInEnums(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withNullInEnums);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => [key, withNullInEnums(value)] as const);
  const copy = Object.fromEntries(entries) as { nullable?: unknown; enum?: unknown };
  return copy.nullable === true && Array.isArray(copy.enum)
    ? { ...copy, enum: [...(copy.enum as unknown[]), null] }
    : copy;
}

export interface RouteDescription {
  readonly summary: string;
  readonly answer: z.ZodType;
  /** The media type of the answer; absent: application/json. */
  readonly type?: string;
  readonly status?: number;
  readonly body?: z.ZodType;
  readonly query?: z.ZodObject;
  readonly params?: Readonly<Record<string, string>>;
  /** Statuses of problems beside those of finding out who asks (401, 403, 429, 502, 503). */
  readonly problems?: readonly number[];
}

/** A route for administrators of the workspace, and the admin token. */
export const AdminRoute = (route: RouteDescription): MethodDecorator =>
  applyDecorators(...guarded('administrators', route));

/** A route for whoever belongs to the workspace. */
export const MemberRoute = (route: RouteDescription): MethodDecorator =>
  applyDecorators(...guarded('members', route));

/** A route for whoever is known; which of them may, the route itself says. */
export const PersonRoute = (route: RouteDescription): MethodDecorator =>
  applyDecorators(...guarded('persons', route));

/** A route for anybody; the answer shows what the viewer may see, and what they may not looks as if it were not there. */
export const ViewerRoute = (route: RouteDescription): MethodDecorator =>
  applyDecorators(...guarded('viewers', route), ApiSecurity({}));

/** A route for anybody, with the same answer for all. */
export const OpenRoute = (route: RouteDescription): MethodDecorator =>
  applyDecorators(UseGuards(LimitGuard), ApiExtension(ACCESS, 'open'), ...described(route, [429]));

/** The document says in which of these ways a route is open, for people and for tests. */
const ACCESS = 'x-antipode-access';

/** What finding out who asks can end with. */
const ADMISSION = [401, 403, 429, 502, 503];

/** No route can be had undescribed or unguarded. */
function guarded(access: Access, route: RouteDescription): MethodDecorator[] {
  return [
    UseGuards(ViewerGuard),
    ForAccess(access),
    ApiExtension(ACCESS, access),
    ApiBearerAuth(),
    ApiBasicAuth(),
    ApiCookieAuth('antipode'),
    ...described(route, ADMISSION),
  ];
}

function described(route: RouteDescription, always: readonly number[]): MethodDecorator[] {
  const problems = new Set([...always, ...(route.problems ?? [])]);
  return [
    ApiOperation({ summary: route.summary }),
    ApiResponse({ status: route.status ?? 200, description: 'OK', ...contentOf(route) }),
    ...[...problems].map((status) =>
      ApiResponse({
        status,
        description: 'Problem',
        content: { 'application/problem+json': { schema: toOpenApi(problemSchema) } },
      }),
    ),
    ...(route.body ? [ApiBody({ schema: toOpenApi(route.body, 'input') })] : []),
    ...Object.entries(route.query?.shape ?? {}).map(([name, schema]) =>
      ApiQuery({ name, required: false, schema: toOpenApi(schema as z.ZodType, 'input') }),
    ),
    ...Object.entries(route.params ?? {}).map(([name, description]) =>
      ApiParam({ name, description, schema: { type: 'string' } }),
    ),
  ];
}

/** JSON, unless the route says otherwise. */
const contentOf = ({
  answer,
  type,
}: RouteDescription): { content: Record<string, { schema: JsonSchema }> } => ({
  content: { [type ?? 'application/json']: { schema: toOpenApi(answer) } },
});

export function createDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Antipode')
    .setDescription(
      'A mirror: what it mirrors, how it is doing, and its administration. Failures are problem+json (RFC 9457) with a stable `code`.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The admin token.' })
    .addBasicAuth({ type: 'http', scheme: 'basic', description: "A person's e-mail and API token." })
    .addCookieAuth('antipode', {
      type: 'apiKey',
      in: 'cookie',
      name: 'antipode',
      description:
        'The session of a person who has signed in on the pages (over https `__Host-antipode`). What changes something ' +
        'also needs the header X-Antipode-Csrf that the pages have.',
    })
    .build();
  return SwaggerModule.createDocument(app, config);
}
