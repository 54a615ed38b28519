import type { ServerResponse } from 'node:http';
import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { isRefusal, toAntipodeError } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { HTTP_STATUS, TITLE } from '../rest/problem.js';

/** Turns whatever a route throws into errors as Bitbucket Data Center writes them. */
@Catch()
export class DataCenterFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<ServerResponse>();
    if (response.headersSent) return void response.destroy();
    const { status, message } = this.describe(error);
    if (status === 401) response.setHeader('www-authenticate', 'Bearer realm="Antipode"');
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(`${JSON.stringify(writeErrors(message))}\n`);
  }

  private describe(error: unknown): { status: number; message: string } {
    if (error instanceof HttpException) return { status: error.getStatus(), message: error.message };
    const known = toAntipodeError(error, 'answering a client of Data Center');
    if (!isRefusal(known.code)) this.logger.error({ err: known }, 'a request failed');
    return { status: HTTP_STATUS[known.code], message: known.hint ?? `${TITLE[known.code]}.` };
  }
}

export const writeErrors = (message: string): object => ({
  errors: [{ context: null, message, exceptionName: null }],
});
