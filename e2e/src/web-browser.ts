import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { CHECKOUT } from '@antipode/testing';
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core';

/** Kept when the run is over: for a person's eye, and for CI to keep. */
export const SCREENSHOTS = join(CHECKOUT, '.antipode/screenshots');

/** Debian's name first; any of that family will do. */
const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome'];

/** It asks nobody in the outside world for anything: there may be no such world. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const SIZES = { wide: { width: 1280, height: 900 }, narrow: { width: 375, height: 812 } } as const;
type Size = keyof typeof SIZES;
type Scheme = 'light' | 'dark';

export interface VisitorOptions {
  /** Off: pages must work by links and forms alone. */
  readonly javaScript?: boolean;
}

/** A real browser, which a person holds in their hands. */
export class WebBrowser implements AsyncDisposable {
  private constructor(
    private readonly browser: Browser,
    private readonly origin: string,
  ) {}

  /** @param origin the mirror's base URL @throws Error where there is no Chromium */
  static async open(origin: string): Promise<WebBrowser> {
    const executablePath = programPath();
    return new WebBrowser(await chromium.launch({ executablePath, headless: true, args: FLAGS }), origin);
  }

  /** Somebody with a profile of their own: nobody else's cookies, nothing remembered. */
  async visitor({ javaScript = true }: VisitorOptions = {}): Promise<Visitor> {
    const context = await this.browser.newContext({
      baseURL: this.origin,
      viewport: SIZES.wide,
      javaScriptEnabled: javaScript,
      permissions: javaScript ? ['clipboard-read', 'clipboard-write'] : [],
    });
    context.setDefaultTimeout(15_000);
    return new Visitor(context, await context.newPage(), this.origin);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
  }
}

/** One person before one browser. Whatever the browser complains of is noted: `expectNoComplaints` fails with it. */
export class Visitor implements AsyncDisposable {
  private complaints: string[] = [];
  /** Documents that were opened: their own status is the test's business. */
  private readonly opened = new Set<string>();

  constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
    private readonly origin: string,
  ) {
    page.on('request', (request) => {
      if (request.isNavigationRequest()) this.opened.add(request.url());
    });
    page.on('pageerror', (error) => this.complain(error.message));
    page.on('console', (message) => {
      // Violations of the content security policy are errors, too.
      if (message.type() !== 'error') return;
      const isOfDocument =
        message.text().startsWith('Failed to load resource') && this.opened.has(message.location().url);
      if (!isOfDocument) this.complain(`${message.text()} (${message.location().url})`);
    });
  }

  /** The pages of the primary are not ours. */
  private complain(text: string): void {
    if (this.page.url().startsWith(this.origin)) this.complaints.push(`${this.page.url()}: ${text}`);
  }

  /** @param path below the base URL, or a whole URL @returns the status of what is shown in the end */
  async open(path: string): Promise<number> {
    const response = await this.page.goto(path, { waitUntil: 'domcontentloaded' });
    if (!response) throw new Error(`${path} led nowhere`);
    return response.status();
  }

  /** Presses a button of this name, and waits for where that leads. */
  press(name: string): Promise<void> {
    return this.follow(this.page.getByRole('button', { name, exact: true }));
  }

  /** Clicks what leads to another page, and waits for that. */
  async follow(place: Locator): Promise<void> {
    // Whatever redirects there are on the way, one document is shown in the end.
    await Promise.all([this.page.waitForEvent('domcontentloaded'), place.click()]);
  }

  /** The page's path as the address bar has it. */
  get path(): string {
    return new URL(this.page.url()).pathname;
  }

  /** What a person can read on it. */
  text(): Promise<string> {
    return this.page.locator('body').innerText();
  }

  /**
   * Looks at the page as people do: on a desk and in a hand, in light (and dark), and with the eyes of axe. Leaves pictures
   * called `name`.
   *
   * @throws Error where it is wider than the screen, or where axe finds something serious
   */
  async portray(name: string, schemes: readonly Scheme[] = ['light']): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    for (const scheme of schemes) {
      await this.page.emulateMedia({ colorScheme: scheme });
      for (const size of ['narrow', 'wide'] as const) await this.picture(name, size, scheme);
      // Colours are what a scheme changes, sizes what a screen changes; axe is slow, and sees both in two looks.
      await expectAccessible(this.page, `${name}, ${scheme}`);
    }
    await this.page.emulateMedia({ colorScheme: 'light' });
  }

  private async picture(name: string, size: Size, scheme: Scheme): Promise<void> {
    await this.page.setViewportSize(SIZES[size]);
    const { scroll, screen } = await this.page.evaluate<{ scroll: number; screen: number }>(
      '({ scroll: document.documentElement.scrollWidth, screen: document.documentElement.clientWidth })',
    );
    await this.page.screenshot({
      path: join(SCREENSHOTS, `${name}-${size}-${scheme}.png`),
      fullPage: true,
      // Hiding it is done by a style of its own, which the pages' policy forbids.
      caret: 'initial',
    });
    if (scroll > screen)
      throw new Error(`${name} is ${scroll} px wide on a screen of ${screen} px (${size})`);
  }

  /** @throws Error with all that the browser has complained of since it was asked last */
  expectNoComplaints(): void {
    const complaints = this.forgiven();
    if (complaints.length > 0) throw new Error(`the browser complains:\n${complaints.join('\n')}`);
  }

  /** For what a test breaks on purpose. @returns what is forgiven and forgotten */
  forgiven(): readonly string[] {
    const complaints = this.complaints;
    this.complaints = [];
    return complaints;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
  }
}

/** @throws Error naming each serious or critical finding of axe, and where it is */
export async function expectAccessible(page: Page, name: string): Promise<void> {
  // Legacy mode: no second page, which the frames that we do not have would need.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  if (grave.length === 0) return;
  const findings = grave.map(({ id, impact, help, nodes }) => {
    const places = nodes.map(({ html, failureSummary }) => `    ${html}\n      ${failureSummary ?? ''}`);
    return `  ${id} (${impact}): ${help}\n${places.join('\n')}`;
  });
  throw new Error(`${name} (${page.url()}) is not accessible:\n${findings.join('\n')}`);
}

/** @throws Error where none is on the PATH */
function programPath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  const found = PROGRAMS.flatMap((name) => folders.map((folder) => join(folder, name))).find(isRunnable);
  if (found === undefined) throw new Error('there is no chromium on the PATH; `npm test` installs it');
  return found;
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
