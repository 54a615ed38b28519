import prettyMs from 'pretty-ms';

/** "1.2 MB", in steps of a thousand as networks count. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  return step === 0 ? `${bytes} bytes` : `${(bytes / 1000 ** step).toFixed(1)} ${units[step] ?? ''}`;
}

/** "<1s", "4s", "3m", "2d": as much as one reads at a glance. */
export function formatDuration(ms: number): string {
  return ms < 1000 ? '<1s' : prettyMs(ms, { compact: true, secondsDecimalDigits: 0 });
}

/** "12s ago" */
export const formatAgo = (moment: string, now: number): string =>
  `${formatDuration(now - Date.parse(moment))} ago`;

/** "1 repository", "2 repositories" */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
