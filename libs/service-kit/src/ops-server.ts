import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { HealthChecks } from './health.js';
import type { Telemetry } from './telemetry.js';

/** The private port of a service: liveness, readiness, metrics. Never exposed to clients. */
export async function startOpsServer(options: {
  host: string;
  port: number;
  health: HealthChecks;
  telemetry: Telemetry;
}): Promise<Server> {
  const server = createServer((request, response) => {
    void answer(request, response, options.health, options.telemetry);
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  health: HealthChecks,
  telemetry: Telemetry,
): Promise<void> {
  switch (request.url) {
    case '/healthz':
      return sendJson(response, 200, { ok: true });
    case '/readyz': {
      const report = await health.report();
      return sendJson(response, report.ok ? 200 : 503, report);
    }
    case '/metrics':
      return telemetry.serveMetrics(request, response);
    default:
      return sendJson(response, 404, { error: 'not found; this port has /healthz, /readyz and /metrics' });
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
