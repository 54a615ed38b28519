export type ConfigPair = readonly [key: string, value: string];

/**
 * Configuration for one git process, by environment: argv is readable by every user of the machine,
 * a config file stays behind. git-config(1), GIT_CONFIG_COUNT.
 */
export function configEnv(pairs: readonly ConfigPair[]): Record<string, string> {
  const entries = pairs.flatMap(([key, value], i): [string, string][] => [
    [`GIT_CONFIG_KEY_${i}`, key],
    [`GIT_CONFIG_VALUE_${i}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(pairs.length), ...Object.fromEntries(entries) };
}
