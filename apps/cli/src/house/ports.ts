/** Where every part of a house listens: `--port-base` plus a fixed offset, so that two houses can share a machine. */
export interface Ports {
  readonly edgeHttp: number;
  readonly registryHttp: number;
  readonly sim: number;
  readonly postgres: number;
  readonly redis: number;
  readonly registryGrpc: number;
  readonly authGrpc: number;
  readonly syncGrpc: number;
  readonly lfsGrpc: number;
  readonly edgeSsh: number;
  readonly edgeOps: number;
  readonly authOps: number;
  readonly registryOps: number;
  readonly syncOps: number;
  readonly lfsOps: number;
  readonly simSsh: number;
  readonly authHttp: number;
  readonly lfsHttp: number;
}

export const DEFAULT_PORT_BASE = 7990;
/** Offsets 0 to 17 are in use. */
export const HIGHEST_PORT_BASE = 65535 - 17;

export function portsFrom(base: number): Ports {
  return {
    edgeHttp: base,
    registryHttp: base + 1,
    sim: base + 2,
    postgres: base + 3,
    redis: base + 4,
    registryGrpc: base + 5,
    authGrpc: base + 6,
    syncGrpc: base + 7,
    lfsGrpc: base + 8,
    edgeSsh: base + 9,
    edgeOps: base + 10,
    authOps: base + 11,
    registryOps: base + 12,
    syncOps: base + 13,
    lfsOps: base + 14,
    simSsh: base + 15,
    authHttp: base + 16,
    lfsHttp: base + 17,
  };
}
