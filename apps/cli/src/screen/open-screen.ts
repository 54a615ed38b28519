import { liveScreen } from './live-screen.js';
import { plainScreen } from './plain-screen.js';
import type { Screen } from './screen.js';

/** The screen that fits where our output goes. */
export const openScreen = (): Screen =>
  process.stdout.isTTY ? liveScreen(process.stdout) : plainScreen(process.stdout);
