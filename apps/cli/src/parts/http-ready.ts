const ANSWER_MS = 3000;

/** Resolves where the URL answers 2xx. @throws Error whose message says what the service lacks, by its own report */
export async function requireHttpReady(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) }).catch((error: Error) => {
    throw new Error(`no answer at ${url}`, { cause: error });
  });
  const body = await response.text();
  if (response.ok) return;
  throw new Error(failedChecks(body) || `HTTP ${response.status} at ${url}`);
}

/** The report of a service's /readyz: `{"ok":false,"checks":{"database":"…"}}`. */
function failedChecks(body: string): string {
  try {
    const { checks = {} } = JSON.parse(body) as { checks?: Record<string, string> };
    const failed = Object.entries(checks).filter(([, result]) => result !== 'ok');
    return failed.map(([name, result]) => `${name}: ${result}`).join('; ');
  } catch {
    return '';
  }
}
