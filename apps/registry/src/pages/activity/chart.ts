import { Html, markup, type Piece } from '@antipode/web-pages';

/** A line of a chart. Lines differ by colour and by dashes. */
export interface Series {
  readonly name: string;
  readonly look: 'one' | 'two' | 'three';
  /** Null: nobody looked. */
  readonly values: readonly (number | null)[];
}

export interface ChartOptions {
  readonly id: string;
  readonly title: string;
  /** What it shows, in one sentence, for those who do not see it. */
  readonly summary: string;
  /** ISO moments of the points; as many as each series has. */
  readonly at: readonly string[];
  readonly series: readonly Series[];
  readonly kind: 'lines' | 'bars';
  /** What a round number is: bytes are counted by 1024. */
  readonly base: 'decimal' | 'binary';
  write(value: number): string;
}

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [460, 200, 70, 24, 12];
const PLOT = { width: WIDTH - LEFT - 8, height: HEIGHT - TOP - BOTTOM };

/** Drawn by the server: no script is needed to see it, and a table says the same. */
export function chart(options: ChartOptions): Html {
  const { id, title, summary, series, at } = options;
  const top = largest(options);
  if (isEmpty(options)) return emptyChart(title);
  const most = ceiling(top, options.base);
  const x = (index: number): number =>
    LEFT + (PLOT.width * index) / Math.max(1, at.length - (options.kind === 'bars' ? 0 : 1));
  const y = (value: number): number => TOP + PLOT.height * (1 - value / most);
  return markup`<figure class="chart"><figcaption><strong>${title}</strong></figcaption>
<ul class="key">${series.map(({ name, look }) => markup`<li><svg viewBox="0 0 32 14" aria-hidden="true">${options.kind === 'bars' ? markup`<rect class="${look}" width="32" height="14" rx="2"/>` : markup`<path class="line ${look}" d="M0 7H32"/>`}</svg>${name}</li>`)}</ul>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-words"><title id="${id}-title">${title}</title><desc id="${id}-words">${summary}</desc>
${[0, 0.5, 1].map((part) => markup`<path class="axis" d="M${LEFT} ${round(y(most * part))}H${WIDTH - 8}"/><text x="${LEFT - 8}" y="${round(y(most * part)) + 4}" text-anchor="end">${options.write(most * part)}</text>`)}
${timesOf(at, x)}
${options.kind === 'bars' ? bars(options, x, y) : series.map(({ look, values }) => markup`<path class="line ${look}" d="${path(values, x, y)}"/>`)}
</svg>${table(options)}</figure>`;
}

/** Being not behind at all is something to see; having served nothing is not. */
const isEmpty = ({ series, kind }: ChartOptions): boolean =>
  series.every(({ values }) => values.every((value) => value === null || (kind === 'bars' && value === 0)));

const emptyChart = (title: string): Html =>
  markup`<figure class="chart"><figcaption><strong>${title}</strong></figcaption><p class="soft">Nothing within this time.</p></figure>`;

const largest = ({ series, kind, at }: ChartOptions): number =>
  kind === 'bars'
    ? Math.max(0, ...at.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0)))
    : Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));

/** A round number that everything fits under. */
export function ceiling(value: number, base: ChartOptions['base']): number {
  if (value <= 0) return 1;
  const unit = base === 'binary' ? 1024 ** Math.floor(Math.log2(Math.max(1, value)) / 10) : 1;
  const step = 10 ** Math.floor(Math.log10(value / unit)) * unit;
  return [1, 2, 5, 10].map((factor) => factor * step).find((one) => one >= value) ?? 10 * step;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** Broken where nobody looked: a line over a gap would say something that is not known. */
export function path(
  values: readonly (number | null)[],
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  let isDrawing = false;
  return values
    .map((value, index) => {
      const command = value === null ? '' : `${isDrawing ? 'L' : 'M'}${round(x(index))} ${round(y(value))}`;
      // A point between two gaps is a dot.
      const dot = value !== null && !isDrawing && (values[index + 1] ?? null) === null ? 'h0.1' : '';
      isDrawing = value !== null;
      return command + dot;
    })
    .join('');
}

function bars(
  { series, at }: ChartOptions,
  x: (index: number) => number,
  y: (value: number) => number,
): Html[] {
  const width = Math.max(1, (PLOT.width / Math.max(1, at.length)) * 0.8);
  return at.flatMap((_, index) => {
    let below = 0;
    return series.map(({ look, values }) => {
      const value = values[index] ?? 0;
      if (value <= 0) return new Html('');
      const [from, to] = [y(below), y((below += value))];
      return markup`<rect class="${look}" x="${round(x(index))}" y="${round(to)}" width="${round(width)}" height="${round(Math.max(0.5, from - to))}"/>`;
    });
  });
}

/** Some four of them, whatever the width of the points. */
function timesOf(at: readonly string[], x: (index: number) => number): Html[] {
  const every = Math.max(1, Math.ceil(at.length / 4));
  const isLong = Date.parse(at.at(-1) ?? '') - Date.parse(at[0] ?? '') > 48 * 3_600_000;
  return at.flatMap((moment, index) =>
    index % every === 0
      ? [
          markup`<text x="${round(x(index))}" y="${HEIGHT - 6}">${isLong ? moment.slice(5, 10) : moment.slice(11, 16)}</text>`,
        ]
      : [],
  );
}

/** At most this many rows; the newest. */
const ROWS = 60;

const table = ({ title, at, series, write }: ChartOptions): Html =>
  markup`<details><summary>${title}, as a table</summary><div class="scroll" tabindex="0" role="region" aria-label="${title}, as a table"><table><thead><tr><th scope="col">UTC</th>${series.map(({ name }) => markup`<th scope="col" class="number">${name}</th>`)}</tr></thead>
<tbody>${at
    .map(
      (moment, index): Piece =>
        markup`<tr><th scope="row">${moment.slice(0, 16).replace('T', ' ')}</th>${series.map(({ values }) => markup`<td class="number">${cell(values[index] ?? null, write)}</td>`)}</tr>`,
    )
    .slice(-ROWS)
    .reverse()}</tbody></table></div></details>`;

const cell = (value: number | null, write: (value: number) => string): string =>
  value === null ? '–' : write(value);
