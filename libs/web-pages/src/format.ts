/** Numbers and states in words for people. The pages' script says the same (assets/antipode.js): a test compares them. */

/** A span of seconds: "3 s", "5 min", "2 h", "4 days". */
export function spanOf(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.floor(whole / 60)} min`;
  if (whole < 172_800) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 86_400)} days`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** An amount of bytes: "512 B", "1.5 MiB", "120 GiB". */
export function sizeOf(bytes: number): string {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[step]}`;
}

/** How something is doing, for the eye; the words beside it say the same. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | '';

const PHASES: Readonly<Record<string, readonly [tone: Tone, words: string]>> = {
  absent: ['', 'Waiting'],
  cloning: ['busy', 'Cloning'],
  syncing: ['busy', 'Syncing'],
  ready: ['good', 'In sync'],
  failing: ['bad', 'Failing'],
  removed: ['', 'Removed'],
};

/** How a repository's phase looks and reads. */
export function phaseOf(
  phase: string,
  progress: { readonly percent: number } | null,
): readonly [tone: Tone, words: string] {
  const [tone, words] = PHASES[phase] ?? ['', phase];
  return [tone, tone === 'busy' && progress ? `${words} ${progress.percent} %` : words];
}
