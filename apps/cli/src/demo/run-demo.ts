import type { Screen } from '../screen/screen.js';
import type { SimulatorState } from '../parts/simulator.js';

export interface DemoOptions {
  readonly screen: Screen;
  readonly stop: AbortSignal;
  readonly dataFolder: string;
  readonly mirrorUrl: string;
  readonly adminToken: string;
  readonly sim: SimulatorState;
}

export async function runDemo(_options: DemoOptions): Promise<void> {}
