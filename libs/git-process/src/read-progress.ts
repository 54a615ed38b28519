/** One line of git's progress on stderr. */
export interface GitProgress {
  readonly step: 'counting' | 'compressing' | 'receiving' | 'resolving';
  /** 0..100 within the step. */
  readonly percent: number;
  /** Received so far, where git says so (only while receiving), to three digits. */
  readonly receivedBytes?: number;
}

const STEPS: Readonly<Record<string, GitProgress['step']>> = {
  'Counting objects': 'counting',
  'Compressing objects': 'compressing',
  'Receiving objects': 'receiving',
  'Resolving deltas': 'resolving',
};
const LINE = /^(?:remote: )?([A-Z][a-z]+ [a-z]+): +(\d{1,3})% \(\d+\/\d+\)(?:, ([\d.]+) (bytes|[KMG]iB))?/;
const UNITS: Readonly<Record<string, number>> = { bytes: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** Reads one progress line; undefined for anything else that git may say. */
export function readProgressLine(line: string): GitProgress | undefined {
  const [, label = '', percent, amount, unit = ''] = LINE.exec(line) ?? [];
  const step = STEPS[label];
  if (!step) return undefined;
  const receivedBytes = Math.round(Number(amount) * (UNITS[unit] ?? NaN));
  return {
    step,
    percent: Math.min(Number(percent), 100),
    ...(Number.isFinite(receivedBytes) ? { receivedBytes } : {}),
  };
}

/** Longer than any line that git writes; a primary that sends an endless one does not fill our memory. */
const LONGEST_LINE = 4096;

/** Cuts what git says into lines (it ends them by CR or LF) and hands over each that is progress. */
export function progressReader(onProgress: (progress: GitProgress) => void): (text: string) => void {
  let pending = '';
  return (text) => {
    const lines = (pending + text).split(/[\r\n]/);
    pending = (lines.pop() ?? '').slice(-LONGEST_LINE);
    for (const line of lines) {
      const progress = readProgressLine(line);
      if (progress) onProgress(progress);
    }
  };
}
