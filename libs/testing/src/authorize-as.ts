/** Who says yes: their name, and what the simulator takes for a password. */
export interface Consenting {
  readonly username: string;
  readonly apiToken: string;
}

/**
 * Walks through the simulator's consent page as a person with a browser does: opens it, fills it in and sends it.
 *
 * @param authorizeUrl where the application sent the browser
 * @returns where the browser is sent back to: the callback with `code` (or `error`) and `state`
 * @throws Error with what the page says where it is another page than that
 */
export async function authorizeAs(
  user: Consenting,
  authorizeUrl: string,
  decision: 'allow' | 'deny' = 'allow',
): Promise<string> {
  const page = await fetch(authorizeUrl, { redirect: 'manual' });
  const html = await page.text();
  if (page.status !== 200) throw new Error(`the consent page answered ${page.status}: ${html}`);
  const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(html) ?? [];
  const form = new URLSearchParams(
    [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map(
      ([, name, value]): [string, string] => [unescape(name), unescape(value)],
    ),
  );
  form.set('username', user.username);
  form.set('password', user.apiToken);
  form.set('decision', decision);
  const sent = new URL(unescape(action), authorizeUrl);
  const answer = await fetch(sent, { method: 'POST', body: form, redirect: 'manual' });
  const location = answer.headers.get('location');
  if (location === null) throw new Error(`no way back, but ${answer.status}: ${await answer.text()}`);
  return location;
}

const unescape = (text = ''): string =>
  text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
