import type { MemorySample } from '../measure/memory-curve.js';
import { MEMORY_AIM_BYTES } from '../rows/parallel.js';
import type { Results } from './results.js';

const WIDTH = 760;
const HEIGHT = 320;
const MARGIN = { left: 60, right: 20, top: 40, bottom: 40 };
const COLOURS = { baseline: '#8a8f98', mirror: '#1f6feb', aim: '#d1242f' };

/** How much memory the two web servers held while all those clones ran, as an SVG picture. */
export function memoryChart({ parallel }: Results): string {
  const all = [...parallel.curves.baseline, ...parallel.curves.mirror];
  const longest = Math.max(...all.map(({ seconds }) => seconds));
  const most = Math.max(MEMORY_AIM_BYTES, ...all.map(({ bytes }) => bytes)) * 1.1;
  const x = (seconds: number): number =>
    MARGIN.left + (seconds / longest) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (bytes: number): number =>
    HEIGHT - MARGIN.bottom - (bytes / most) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const line = (samples: readonly MemorySample[], colour: string): string => {
    const points = samples
      .map(({ seconds, bytes }) => `${x(seconds).toFixed(1)},${y(bytes).toFixed(1)}`)
      .join(' ');
    return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2"/>`;
  };
  const text = (left: number, top: number, words: string, more = ''): string =>
    `<text x="${left.toFixed(1)}" y="${top.toFixed(1)}" ${more}>${words}</text>`;
  const ticksY = ticks(most, 5).map((value) =>
    text(MARGIN.left - 8, y(value) + 4, `${Math.round(value / 1e6)} MB`, 'text-anchor="end"'),
  );
  const ticksX = ticks(longest, 6).map((value) =>
    text(x(value), HEIGHT - MARGIN.bottom + 18, `${value} s`, 'text-anchor="middle"'),
  );
  const aim = y(MEMORY_AIM_BYTES).toFixed(1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#57606a">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(
      MARGIN.left,
      22,
      `Memory during ${parallel.clients} full clones at once`,
      'font-size="15" fill="#24292f"',
    ),
    `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(0)}" y2="${y(0)}" stroke="#d0d7de"/>`,
    `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${aim}" y2="${aim}" stroke="${COLOURS.aim}" stroke-dasharray="6 4"/>`,
    text(
      WIDTH - MARGIN.right,
      Number(aim) - 6,
      'aim: below this line',
      `text-anchor="end" fill="${COLOURS.aim}"`,
    ),
    ...ticksY,
    ...ticksX,
    line(parallel.curves.baseline, COLOURS.baseline),
    line(parallel.curves.mirror, COLOURS.mirror),
    text(WIDTH - 330, 22, '— Antipode’s edge (resident)', `fill="${COLOURS.mirror}"`),
    text(WIDTH - 145, 22, '— Apache (shared once)', `fill="${COLOURS.baseline}"`),
    '</svg>',
    '',
  ].join('\n');
}

/** Round numbers from 0 up, about `count` of them. */
export function ticks(most: number, count: number): number[] {
  const raw = most / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}
