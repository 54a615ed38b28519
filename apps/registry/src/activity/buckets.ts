const MINUTE = 60;
const HOUR = 3600;
/** Widths that people can read off a chart, in seconds. */
const WIDTHS = [1, 2, 5, 10, 15, 30, 60, 120, 240, 360].map((minutes) => minutes * MINUTE);
const MOST_POINTS = 200;
/** From here on, what is older is only known by the hour. */
const MINUTES_FOR_HOURS = 48;

export interface Buckets {
  readonly seconds: number;
  /** Starts of all buckets, in seconds since 1970; the last one has not ended yet. */
  readonly starts: readonly number[];
}

/** The buckets of the last hours: as narrow as they can be without being more than 200. */
export function bucketsOf(hours: number, now = Date.now()): Buckets {
  const narrowest = hours > MINUTES_FOR_HOURS ? HOUR : MINUTE;
  const fits = (width: number): boolean => width >= narrowest && (hours * HOUR) / width <= MOST_POINTS;
  const seconds = WIDTHS.find(fits) ?? 6 * HOUR;
  const last = Math.floor(now / 1000 / seconds) * seconds;
  const length = Math.ceil((hours * HOUR) / seconds);
  return { seconds, starts: Array.from({ length }, (_, n) => last - (length - 1 - n) * seconds) };
}
