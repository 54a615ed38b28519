export interface Shown {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  readonly location: string | null;
}

/** A person's browser: keeps cookies, sends the forms of the page that it shows, follows nothing by itself. */
export class Browser {
  private readonly cookies = new Map<string, string>();
  private shown: Shown | undefined;

  constructor(private readonly base: string) {}

  async open(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Shown> {
    return this.send(path, { headers });
  }

  /** Presses the button of the form that goes to `action` on the page shown last. */
  async submit(action: string, headers: Readonly<Record<string, string>> = {}): Promise<Shown> {
    const form = [
      ...(this.shown?.text ?? '').matchAll(/<form method="post" action="([^"]+)">([^]*?)<\/form>/g),
    ].find(([, to]) => to === action);
    if (!form) throw new Error(`no form to ${action}: ${this.shown?.text ?? 'nothing shown'}`);
    const fields = [...(form[2] ?? '').matchAll(/name="([^"]+)" value="([^"]*)"/g)];
    return this.post(
      action,
      Object.fromEntries(fields.map(([, name, value]) => [name ?? '', value ?? ''])),
      headers,
    );
  }

  post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Shown> {
    return this.send(path, { method: 'POST', body: new URLSearchParams(fields), headers });
  }

  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  private async send(
    path: string,
    init: RequestInit & { headers: Readonly<Record<string, string>> },
  ): Promise<Shown> {
    const headers = { ...init.headers, ...(this.cookie === '' ? {} : { cookie: this.cookie }) };
    const response = await fetch(new URL(path, this.base), { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const text = await response.text();
    this.shown = {
      status: response.status,
      text,
      headers: response.headers,
      location: response.headers.get('location'),
    };
    return this.shown;
  }
}
