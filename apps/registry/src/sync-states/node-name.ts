import { AntipodeError } from '@antipode/errors';

const NODE_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** @throws AntipodeError `invalid` where the node's name could not be one. */
export function requireNodeName(node: string): void {
  if (!NODE_NAME.test(node)) throw new AntipodeError('invalid', 'reading a node name', { node });
}
