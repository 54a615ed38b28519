import type { Verdict } from '@antipode/primary';

/** The primary's answer, and where it was not asked just now, the moment for which it holds (milliseconds since 1970). */
export type Finding = Verdict & { readonly asOf?: number; readonly message?: string };

/** Asks the primary one question for one caller. */
export type Inquiry = () => Promise<Finding>;
