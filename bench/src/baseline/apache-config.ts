import { join } from 'node:path';
import { APACHE_MODULES } from './ensure-apache.js';

export interface ApacheSettings {
  /** For pid file, log, passwords. */
  readonly folder: string;
  readonly port: number;
  /** `git --exec-path`/git-http-backend. */
  readonly backend: string;
  /** Holds `<workspace>/<slug>.git`. */
  readonly repositories: string;
  readonly passwordFile: string;
}

/** mod_cgi needs the prefork model; it waits for its children, so that their CPU time can be read (see README). */
const MODULES = [
  'mpm_prefork',
  'authn_core',
  'authn_file',
  'auth_basic',
  'authz_core',
  'authz_user',
  'alias',
  'env',
  'setenvif',
  'cgi',
];

/** The repositories' own settings stay untouched, so what the baseline needs travels by environment. */
const GIT_SETTINGS: readonly (readonly [string, string])[] = [
  // A volume's owner may be another one than ours.
  ['safe.directory', '*'],
  ['uploadpack.allowFilter', 'true'],
  // The mirror's own refs; the mirror does not show them either.
  ['uploadpack.hideRefs', 'refs/antipode'],
];

/**
 * git-http-backend(1)'s own recipe for Apache, with what makes it quick: keep-alive without a limit, no access log, no
 * .htaccess, as many workers ready as there will be clients.
 *
 * Run by root, Apache is given no user to change to and stays root, which may read the mirror's disk.
 */
export function apacheConfig(settings: ApacheSettings): string {
  return [
    `ServerRoot ${settings.folder}`,
    'ServerName localhost',
    `Listen 127.0.0.1:${settings.port}`,
    `PidFile ${join(settings.folder, 'apache.pid')}`,
    `ErrorLog ${join(settings.folder, 'apache.log')}`,
    'LogLevel error',
    ...MODULES.map((name) => `LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`),
    'StartServers 10',
    'MinSpareServers 10',
    'MaxSpareServers 80',
    'MaxRequestWorkers 80',
    'MaxConnectionsPerChild 0',
    'KeepAlive On',
    'MaxKeepAliveRequests 0',
    'KeepAliveTimeout 60',
    'Timeout 600',
    `ScriptAlias / ${settings.backend}/`,
    `SetEnv GIT_PROJECT_ROOT ${settings.repositories}`,
    'SetEnv GIT_HTTP_EXPORT_ALL 1',
    'SetEnvIf Git-Protocol ".*" GIT_PROTOCOL=$0',
    `SetEnv GIT_CONFIG_COUNT ${GIT_SETTINGS.length}`,
    ...GIT_SETTINGS.flatMap(([key, value], i) => [
      `SetEnv GIT_CONFIG_KEY_${i} ${key}`,
      `SetEnv GIT_CONFIG_VALUE_${i} ${value}`,
    ]),
    '<Location />',
    'AuthType Basic',
    'AuthName baseline',
    `AuthUserFile ${settings.passwordFile}`,
    'Require valid-user',
    '</Location>',
    '',
  ].join('\n');
}
