import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { metrics, SpanKind, trace } from '@opentelemetry/api';
import { AntipodeError, isRefusal, toAntipodeError, type Code } from '@antipode/errors';
import type { WebhookEvent } from '@antipode/primary';
import { currentTraceparent, LOGGER, type Logger } from '@antipode/service-kit';
import { ConnectionService } from '../connection/connection.service.js';
import { readBody } from '../rest/read-body.js';
import { HTTP_STATUS } from '../rest/problem.js';
import { DeliveriesStore } from './deliveries.store.js';
import { DeliveryHandler } from './delivery-handler.js';
import { WebhookSubscription } from './webhook-subscription.js';

/** The primary sends at most 256 KB. */
const LONGEST_BODY_BYTES = 1_048_576;
const BODY_TIMEOUT_MS = 10_000;
const HOOK_ID = /^[0-9a-f-]{36}$/;

const tracer = trace.getTracer('antipode.registry');
const received = metrics
  .getMeter('antipode.registry')
  .createCounter('antipode_webhooks_total', { description: 'Webhook deliveries by event and outcome' });

type Outcome = 'taken' | 'duplicate';

/**
 * Where the primary's webhooks arrive. Answers as soon as the delivery is written down; the work comes after.
 *
 * An unknown webhook and a wrong signature get the same answer: whoever does not know the secret learns nothing.
 */
@ApiExcludeController()
@Controller('-/webhooks')
export class WebhooksController {
  constructor(
    private readonly connection: ConnectionService,
    private readonly subscription: WebhookSubscription,
    private readonly deliveries: DeliveriesStore,
    private readonly handler: DeliveryHandler,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Post(':hookId')
  async take(
    @Param('hookId') hookId: string,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    await tracer.startActiveSpan('POST /-/webhooks', { kind: SpanKind.SERVER }, async (span) => {
      const started = performance.now();
      try {
        const outcome = await this.accept(hookId, request);
        answer(response, outcome === 'taken' ? 202 : 200, { outcome });
      } catch (error) {
        this.refuse(response, toAntipodeError(error, 'taking a webhook'));
      } finally {
        span.end();
        this.logger.info(
          { status: response.statusCode, ms: Math.round(performance.now() - started), webhook: true },
          'webhook',
        );
      }
    });
  }

  private async accept(hookId: string, request: IncomingMessage): Promise<Outcome> {
    const body = await readBody(request, { limitBytes: LONGEST_BODY_BYTES, timeoutMs: BODY_TIMEOUT_MS });
    const event = await this.verified(hookId, request, body);
    const delivery = await this.deliveries.remember(event, body, currentTraceparent());
    received.add(1, { event: event.kind, outcome: delivery ? 'taken' : 'duplicate' });
    if (!delivery) return 'duplicate';
    this.handler.handleSoon(delivery);
    return 'taken';
  }

  private async verified(hookId: string, request: IncomingMessage, body: Buffer): Promise<WebhookEvent> {
    const { webhooks } = this.connection.primary;
    const hook = HOOK_ID.test(hookId) ? await this.subscription.find(hookId) : undefined;
    // Verified against something in any case: the time that it takes tells nothing either.
    const secret = hook?.secret ?? 'no such webhook';
    if (!webhooks?.verify({ headers: request.headers, body, secret }) || !hook) {
      throw new AntipodeError(
        'unauthenticated',
        'verifying a webhook',
        {},
        { hint: 'Unknown webhook, or wrong signature.' },
      );
    }
    return webhooks.parse(request.headers, body);
  }

  private refuse(response: ServerResponse, error: AntipodeError): void {
    received.add(1, { event: 'unknown', outcome: error.code });
    if (!isRefusal(error.code))
      this.logger.error({ err: error }, 'a webhook could not be taken; the primary will send it again');
    answer(response, webhookStatus(error.code), { error: error.hint ?? error.message });
  }
}

/** Bitbucket sends again after a 5xx only; for whatever we *cannot* do now, that is what we want. */
const webhookStatus = (code: Code): number => (isRefusal(code) ? HTTP_STATUS[code] : 503);

function answer(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  // Past a refused body we read nothing more.
  if (status >= 400) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
