import { applyDecorators, UseGuards } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  DocumentBuilder,
  SwaggerModule,
  type OpenAPIObject,
} from '@nestjs/swagger';
import type { INestApplication } from '@nestjs/common';
import { z } from 'zod';
import { AdminGuard } from './admin.guard.js';
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
  readonly status?: number;
  readonly body?: z.ZodType;
  readonly query?: z.ZodObject;
  readonly params?: Readonly<Record<string, string>>;
  /** Statuses of problems beside 401 and 403. */
  readonly problems?: readonly number[];
}

/** Describes an admin's route in the OpenAPI document, and guards it: no route can be had undescribed or unguarded. */
export function AdminRoute(route: RouteDescription): MethodDecorator {
  const problems = [401, 403, ...(route.problems ?? [])];
  return applyDecorators(
    UseGuards(AdminGuard),
    ApiBearerAuth(),
    ApiOperation({ summary: route.summary }),
    ApiResponse({ status: route.status ?? 200, description: 'OK', schema: toOpenApi(route.answer) }),
    ...problems.map((status) =>
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
  );
}

export function createDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Antipode')
    .setDescription('Administration of a mirror. Failures are problem+json (RFC 9457) with a stable `code`.')
    .setVersion('1')
    .addBearerAuth()
    .build();
  return SwaggerModule.createDocument(app, config);
}
