const SECRET_NAME = /(SECRET|TOKEN|PASSWORD|PASSPHRASE|CREDENTIALS?|HEADERS|KEY|KEY_ID)$/;

export const CONCEALED = '***';

/** A setting's value as it may be shown: by its name, and by what addresses hold before an "@". */
export function conceal(name: string, value: unknown): unknown {
  if (value === undefined || value === null || value === '') return value;
  if (SECRET_NAME.test(name)) return CONCEALED;
  if (typeof value !== 'string') return value;
  return value.replace(/([a-z][a-z0-9+.-]*:\/\/[^/@:\s]*):[^/@\s]*@/gi, `$1:${CONCEALED}@`);
}
