import { authorizeAs, type DemoUser } from '@antipode/testing';

const LINK = '/-/link';

/** Links an account to the mirror as its owner does it in a browser: our page, yes at the primary, and back. */
export async function linkAccount(mirror: string, user: DemoUser): Promise<void> {
  const first = await fetch(mirror + LINK);
  const [cookie = ''] = (first.headers.get('set-cookie') ?? '').split(';');
  const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(await first.text()) ?? [];
  const headers = { cookie };
  const redirect = 'manual';
  const body = new URLSearchParams({ csrf });
  const away = await fetch(mirror + LINK, { method: 'POST', body, headers, redirect });
  const callback = await authorizeAs(user, away.headers.get('location') ?? '');
  const back = await fetch(callback, { headers, redirect });
  if (back.status !== 303) throw new Error(`linking ended with ${back.status}: ${await back.text()}`);
}
