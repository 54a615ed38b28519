import { OutgoingController } from './outgoing.controller.js';
import { OutgoingEvents } from './outgoing-events.js';
import { OutgoingStore } from './outgoing.store.js';
import { Sender } from './sender.js';
import { Subscriptions } from './subscriptions.js';

export const OUTGOING_CONTROLLERS = [OutgoingController];
export const OUTGOING_PROVIDERS = [OutgoingEvents, OutgoingStore, Sender, Subscriptions];
