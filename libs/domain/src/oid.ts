/** An object's name: 40 hex digits (SHA-1) or 64 (SHA-256), lower case. */
export type Oid = string;

export const NULL_OID: Oid = '0'.repeat(40);

export const isOid = (text: string): text is Oid => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
