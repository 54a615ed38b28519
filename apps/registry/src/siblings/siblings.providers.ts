import { Mirrors } from './mirrors.js';
import { MirrorsController } from './mirrors.controller.js';
import { Siblings } from './siblings.js';
import { ThisMirror } from './this-mirror.js';

export const SIBLINGS_CONTROLLERS = [MirrorsController];
export const SIBLINGS_PROVIDERS = [Mirrors, Siblings, ThisMirror];
