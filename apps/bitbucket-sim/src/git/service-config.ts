import type { Settings } from '../state/model.js';
import type { RepositoryDisk } from './repository-disk.js';

/** git's settings for upload-pack and receive-pack, the same at both doors. */
export function serviceConfig(disk: RepositoryDisk, settings: Settings): Record<string, string> {
  return {
    'core.hooksPath': disk.hooksDirectory,
    'http.receivepack': 'true',
    // The smart protocol only: no object is ever served by its path.
    'http.getanyfile': 'false',
    'http.maxRequestBuffer': '100m',
    'receive.denyDeleteCurrent': 'ignore',
    'receive.autogc': 'false',
    'receive.advertiseAtomic': 'true',
    'receive.advertisePushOptions': 'true',
    'uploadpack.allowFilter': String(settings.filter),
    'pack.threads': '1',
  };
}

/** A server that knows only old versions ignores what is asked; v0 means that git must not see it at all. */
export function allowedProtocol(asked: string | undefined, settings: Settings): string | undefined {
  if (asked === undefined || settings.maxProtocolVersion === 0) return undefined;
  const version = Number(/(?:^|:)version=(\d)/.exec(asked)?.[1] ?? '0');
  return version > settings.maxProtocolVersion ? undefined : asked;
}
