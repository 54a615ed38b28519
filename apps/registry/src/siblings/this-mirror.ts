import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type RegistryConfig } from '../config.js';

/** How this mirror calls itself, to people and to those who keep several. */
@Injectable()
export class ThisMirror {
  readonly name: string;
  readonly region: string | null;
  /** Null where the mirror does not know its own address. */
  readonly url: string | null;
  readonly sshUrl: string | null;
  readonly id: string;

  constructor(@Inject(CONFIG) config: RegistryConfig) {
    this.url = config.PUBLIC_URL?.replace(/\/$/, '') ?? null;
    this.sshUrl = config.SSH_URL?.replace(/\/$/, '') ?? null;
    this.name = config.MIRROR_NAME ?? nameFrom(config.ANTIPODE_NODE, this.url);
    this.region = config.MIRROR_REGION ?? null;
    this.id = mirrorId(this.url ?? this.name);
  }
}

/** A mirror's identity for clients of the Data Center API: a UUID that follows from its address, wherever it is made. */
export function mirrorId(address: string): string {
  const hex = createHash('sha256').update(`antipode mirror ${address}`).digest('hex');
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return parts.join('-');
}

/** The node's name, where it was given one. */
const nameFrom = (node: string, url: string | null): string =>
  node !== 'local' || url === null ? node : new URL(url).hostname;
