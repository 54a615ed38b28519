import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { createPrimary, primarySettings, type Primary } from '@antipode/primary';
import { openScratch, startSim, type RunningSim } from '@antipode/testing';

export const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

export interface OpenBitbucket extends AsyncDisposable {
  readonly sim: RunningSim;
  readonly primary: Primary;
  readonly workspace: string;
  /** A user's API token as git sends it. */
  git(role: string): string;
}

/** A simulated Bitbucket with its sample workspace, and the adapter that speaks to it. */
export async function openBitbucket(env: Readonly<Record<string, string>> = {}): Promise<OpenBitbucket> {
  const [sim, scratch] = await Promise.all([startSim(), openScratch()]);
  const secretFile = scratch.file('oauth-secret');
  await writeFile(secretFile, `${sim.state.oauth.secret}\n`);
  const { workspace } = sim.state;
  const settings = {
    PRIMARY_GIT_URL: sim.url,
    PRIMARY_API_URL: sim.api,
    PRIMARY_WORKSPACE: workspace,
    PRIMARY_OAUTH_URL: sim.state.oauth.url,
    PRIMARY_OAUTH_KEY: sim.state.oauth.key,
    PRIMARY_OAUTH_SECRET_FILE: secretFile,
    ...env,
  };
  const primary = createPrimary(z.object(primarySettings).parse(settings));
  return {
    sim,
    primary,
    workspace,
    git: (role) => {
      const user = sim.state.users.find((one) => one.role === role);
      if (!user) throw new Error(`the sample has no ${role}`);
      return basic(user.username, user.apiToken);
    },
    [Symbol.asyncDispose]: async () => {
      await primary.close();
      await sim[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}
