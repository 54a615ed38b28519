import { EventHub } from './event-hub.js';
import { EventsController } from './events.controller.js';
import { EventsStore } from './events.store.js';
import { Followers } from './followers.js';
import { LiveView } from './live-view.js';
import { Progress } from './progress.js';
import { ProgressStore } from './progress.store.js';
import { StateNews } from './state-news.js';

export const EVENTS_CONTROLLERS = [EventsController];
export const EVENTS_PROVIDERS = [
  EventHub,
  EventsStore,
  Followers,
  LiveView,
  Progress,
  ProgressStore,
  StateNews,
];
