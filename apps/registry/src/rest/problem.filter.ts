import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { AntipodeError, isRefusal, toAntipodeError, type Code } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { writeProblem, type Problem } from './problem.js';

const CODE_OF_STATUS: Record<number, Code> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'denied',
  404: 'not_found',
  413: 'too_large',
  415: 'invalid',
};

/** Turns whatever a route throws into problem+json (RFC 9457); the log gets what the caller must not. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const problem = this.describe(error);
    if (response.headersSent) return void response.destroy();
    if (problem.status === 401) response.setHeader('www-authenticate', 'Bearer realm="Antipode"');
    const retryAfter = retryAfterOf(error, problem);
    if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
    response.writeHead(problem.status, {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
    });
    response.end(`${JSON.stringify(problem)}\n`);
  }

  private describe(error: unknown): Problem {
    const status = statusOf(error);
    const code = status === undefined ? undefined : CODE_OF_STATUS[status];
    // Express and Nest say themselves what is wrong with a URL or a body; their words are safe to repeat.
    if (status !== undefined && code) return writeProblem(code, { status, detail: wordsOf(error as Error) });
    const known = toAntipodeError(error, 'answering a request');
    if (!isRefusal(known.code)) this.logger.error({ err: known }, 'a request failed');
    return writeProblem(known.code, { detail: known.hint, problems: problemsOf(known) });
  }
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  // What body-parser throws.
  const { status, expose } = (error ?? {}) as { status?: unknown; expose?: unknown };
  return typeof status === 'number' && expose === true ? status : undefined;
}

/** All but the parser's, which quote the body: there may be a token in it. */
const wordsOf = ({ message }: Error): string =>
  /\bJSON\b/.test(message) ? 'The body is no valid JSON.' : message;

/** What whoever limited us or the caller has said; of a limit at least something. */
function retryAfterOf(error: unknown, { status }: Problem): string | undefined {
  const { seconds, retryAfter } = (error as Partial<AntipodeError>).context ?? {};
  if (typeof seconds === 'number') return String(seconds);
  if (typeof retryAfter === 'string') return retryAfter;
  return status === 429 ? '60' : undefined;
}

function problemsOf(error: AntipodeError): readonly string[] | undefined {
  const { problems } = error.context;
  return Array.isArray(problems) ? (problems as string[]) : undefined;
}
