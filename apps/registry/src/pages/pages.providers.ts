import { ActivityPageController } from './activity/activity-page.controller.js';
import { AssetsController } from './assets.controller.js';
import { ConnectController } from './connect/connect.controller.js';
import { DisconnectController } from './connect/disconnect.controller.js';
import { HomeController } from './home/home.controller.js';
import { ConnectionReader } from './home/connection-reader.js';
import { OverviewReader } from './home/overview-reader.js';
import { RemovalsPageController } from './home/removals-page.controller.js';
import { WelcomeReader } from './home/welcome-reader.js';
import { Pages } from './pages.js';
import { ProjectProgressStore } from './projects/project-progress.store.js';
import { ProjectsPageController } from './projects/projects-page.controller.js';
import { ProjectsReader } from './projects/projects-reader.js';
import { RepositoriesPageController } from './repositories/repositories-page.controller.js';
import { RepositoryPageController } from './repositories/repository-page.controller.js';
import { RepositoryReader } from './repositories/repository-reader.js';
import { SignInController } from './sign-in/sign-in.controller.js';
import { UnknownPagesController } from './unknown-pages.controller.js';

/** After all others: the last one takes whatever nobody else has. */
export const PAGES_CONTROLLERS = [
  AssetsController,
  HomeController,
  ActivityPageController,
  ConnectController,
  DisconnectController,
  ProjectsPageController,
  RemovalsPageController,
  RepositoriesPageController,
  RepositoryPageController,
  SignInController,
  UnknownPagesController,
];

export const PAGES_PROVIDERS = [
  ConnectionReader,
  OverviewReader,
  Pages,
  ProjectProgressStore,
  ProjectsReader,
  RepositoryReader,
  WelcomeReader,
];
