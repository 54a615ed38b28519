import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CHECKOUT } from '@antipode/testing';

export interface Options {
  readonly size: 'full' | 'quick';
  /** The house's data, the repositories, the baseline: all the bench's own, and large. */
  readonly folder: string;
  readonly portBase: number | undefined;
  /** The rows of large files alone, or all. */
  readonly rows: 'all' | 'lfs';
}

export const USAGE = `pnpm bench [--quick] [--lfs] [--folder DIR] [--port-base N]

  --quick        a smoke run of about a minute: shows that everything works, writes no RESULTS.md
  --lfs          the rows of large files alone, about two minutes; writes RESULTS-LFS.md
  --folder DIR   where the bench keeps its things (default .antipode/bench)
  --port-base N  ports of the house that it starts (default: free ones)
  --help
`;

/** @throws TypeError for an option that there is not */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      lfs: { type: 'boolean', default: false },
      folder: { type: 'string', default: join(CHECKOUT, '.antipode/bench') },
      'port-base': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const portBase = values['port-base'];
  return {
    size: values.quick ? 'quick' : 'full',
    rows: values.lfs ? 'lfs' : 'all',
    folder: resolve(values.folder),
    portBase: portBase === undefined ? undefined : Number(portBase),
  };
}
