import { AntipodeError } from '@antipode/errors';
import type { Session } from '../../session/hallway.js';
import type { Conversation } from '../conversation.js';

/** Versions 0 and 1 where the primary has to answer. */
export class PassedUploadPack {
  run(_: Conversation, __: Session): Promise<number> {
    return Promise.reject(
      new AntipodeError('service_unavailable', 'passing a stateful conversation through'),
    );
  }
}
