import { createHmac } from 'node:crypto';

/** The value of X-Hub-Signature over the raw body. */
export const sign = (secret: string, body: string): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
