import { Ajv, type ValidateFunction } from 'ajv';
import type { Json } from './open-registry.js';

const BASE = '/-/api/v1';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly type: string | null;
}

/** Holds answers against the OpenAPI document that the registry serves. */
export class Contract {
  /** OpenAPI 3.0's "nullable" is known to ajv; its other additions are not needed to validate. */
  private readonly ajv = new Ajv({ strict: false, validateFormats: false });
  private readonly validators = new Map<object, ValidateFunction>();

  constructor(private readonly document: Json) {}

  /** "GET /repositories/{id}" and so on, sorted. */
  get routes(): string[] {
    return Object.entries<Record<string, unknown>>(this.document.paths)
      .flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.slice(BASE.length)}`),
      )
      .sort();
  }

  /** @throws Error where the answer is not what the document says. Paths that are no route are not looked at. */
  check(method: string, path: string, { status, body, type }: Answer): void {
    const operation = this.find(method, path.replace(/\?.*$/, ''));
    if (!operation) return;
    const content = operation.responses[status]?.content?.[type?.split(';')[0] ?? ''];
    const where = `${method} ${path} answered ${status} ${type}`;
    if (!content) throw new Error(`${where}, which is not described`);
    const validate = this.validatorOf(content.schema);
    if (!validate(body))
      throw new Error(`${where}, not as described: ${this.ajv.errorsText(validate.errors)}`);
  }

  private find(method: string, path: string): Json {
    const segments = path.split('/');
    const [, methods] =
      Object.entries<Json>(this.document.paths).find(([template]) => {
        const wanted = template.slice(BASE.length).split('/');
        return (
          wanted.length === segments.length &&
          wanted.every((part, index) => part.startsWith('{') || part === segments[index])
        );
      }) ?? [];
    return methods?.[method.toLowerCase()];
  }

  private validatorOf(schema: object): ValidateFunction {
    const known = this.validators.get(schema) ?? this.ajv.compile(schema);
    this.validators.set(schema, known);
    return known;
  }
}
