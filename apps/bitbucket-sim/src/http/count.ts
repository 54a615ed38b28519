/** Requests and bytes of bodies (over SSH: commands and their bytes); headers are not counted. */
export interface Count {
  requests: number;
  bytesIn: number;
  bytesOut: number;
  /** By HTTP status; over SSH by exit status. */
  statuses: Record<string, number>;
}

export interface Answered {
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export const zero = (): Count => ({ requests: 0, bytesIn: 0, bytesOut: 0, statuses: {} });

export function add(count: Count, { status, bytesIn, bytesOut }: Answered): void {
  count.requests += 1;
  count.bytesIn += bytesIn;
  count.bytesOut += bytesOut;
  count.statuses[status] = (count.statuses[status] ?? 0) + 1;
}
