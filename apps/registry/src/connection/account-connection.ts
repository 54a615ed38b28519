import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import type { ScopeNeed } from '@antipode/primary';
import { addressOf, initiatorOf } from '../audit/initiator.js';
import { PeopleDirectory } from '../people/people-directory.js';
import { isAdministrator, isByCredential, type Person } from '../people/viewer.js';
import { Viewers } from '../people/viewers.js';
import { ConnectRule, type MayConnect } from './connect-rule.js';
import { ConnectService } from './connect.service.js';
import { ConnectionService } from './connection.service.js';
import type { LentAccount } from './sealed-credential.js';

/** A workspace that somebody administers. */
export interface Offer {
  readonly workspace: string;
  readonly may: MayConnect;
}

/** What a connection by an account would be able to do. */
export interface Preview {
  readonly person: Person;
  readonly workspace: string;
  readonly may: MayConnect;
  /** What the primary said where it lets the account not in; undefined where it does. */
  readonly refusal: string | undefined;
  /** False where the account is shown no project of the workspace: there would be nothing to choose. */
  readonly hasProjects: boolean;
  /** What was granted, in the primary's words; undefined where it does not say. */
  readonly scopes: readonly string[] | undefined;
  /** What the mirror does with it, and what it cannot do; empty where the primary does not say. */
  readonly needs: readonly ScopeNeed[];
  /** Whether there can be a mirror with it. */
  readonly isEnough: boolean;
}

/** Connects the mirror by the linked account of an administrator, who has signed in with it; `ConnectRule` says where. */
@Injectable()
export class AccountConnection {
  constructor(
    private readonly connect: ConnectService,
    private readonly connection: ConnectionService,
    private readonly directory: PeopleDirectory,
    private readonly rule: ConnectRule,
    private readonly viewers: Viewers,
  ) {}

  /** @throws AntipodeError `unauthenticated` where nobody is signed in; `primary_*`, `service_unavailable` */
  async offers(request: IncomingMessage): Promise<Offer[]> {
    const { proof } = await this.person(request);
    const known = await this.directory.listWorkspaces({ proof, address: addressOf(request).address ?? '' });
    const administered = known.filter(({ role }) => role === 'administrator').map(({ slug }) => slug);
    const mays = await this.rule.may(administered, request);
    return administered.map((workspace, index) => ({ workspace, may: mays[index] as MayConnect }));
  }

  /**
   * What would be possible, before anything is done. The primary is asked.
   *
   * @throws AntipodeError as `offers`; `denied` where the account does not administer the workspace
   */
  async preview(request: IncomingMessage, workspace: string): Promise<Preview> {
    const wanted = workspace.toLowerCase();
    const person = await this.administrator(request, wanted);
    const { hasProjects, scopes, refusal } = await this.inspect(person, wanted);
    const [may = 'taken'] = await this.rule.may([wanted], request);
    const needs = scopes === undefined ? [] : (this.connection.primary.discovery?.judgeScopes(scopes) ?? []);
    const hasEssentials = needs.every(
      ({ missing, without }) => missing.length === 0 || without !== undefined,
    );
    return {
      person,
      workspace: wanted,
      may,
      refusal,
      hasProjects,
      scopes,
      needs,
      isEnough: refusal === undefined && hasProjects && hasEssentials,
    };
  }

  /**
   * Connects, or replaces the credential of the same workspace: what was mirrored of it stays.
   *
   * @throws AntipodeError as `preview` and `ConnectService.connect`
   */
  async connectTo(request: IncomingMessage, workspace: string): Promise<void> {
    const wanted = workspace.toLowerCase();
    const person = await this.administrator(request, wanted);
    const leave = await this.rule.leave(wanted, request);
    await this.connect.connect(wanted, lentBy(person), { by: initiatorOf(person, request), leave });
  }

  /**
   * The signed-in person, also where the browser has shown the admin token. An API token is not enough: an account is lent
   * with all that its owner has granted, and the token may be worth less.
   */
  private async person(request: IncomingMessage): Promise<Person> {
    const viewer = await this.viewers.of(request);
    const isSignedIn = viewer.kind === 'person' && !isByCredential(viewer);
    const person = isSignedIn ? viewer : await this.viewers.personOf(request);
    if (person) return person;
    const name = this.connection.primary.displayName;
    const hint = `Sign in with your account of ${name} first.`;
    throw new AntipodeError('unauthenticated', 'connecting by an account', {}, { hint });
  }

  private async administrator(request: IncomingMessage, workspace: string): Promise<Person> {
    const { proof } = await this.person(request);
    const { address = '' } = addressOf(request);
    const person = await this.directory.identify({ proof, workspace, address });
    if (isAdministrator(person)) return person;
    const hint = `This account does not administer the workspace ${workspace}.`;
    throw new AntipodeError('denied', 'connecting by an account', {}, { hint });
  }

  private async inspect(person: Person, workspace: string): Promise<Inspected> {
    const { discovery, displayName } = this.connection.primary;
    if (!discovery) return { hasProjects: false, refusal: `${displayName} has no workspaces.` };
    const credential = await this.connection.tryOut(lentBy(person), workspace);
    try {
      const { projects, scopes } = await discovery.inspect(credential);
      return { hasProjects: projects === 'some', scopes };
    } catch (error) {
      if (!isAntipodeError(error) || (error.code !== 'denied' && error.code !== 'not_found')) throw error;
      const refusal = error.hint ?? `${displayName} does not show this account the workspace.`;
      return { hasProjects: false, refusal };
    }
  }
}

interface Inspected {
  readonly hasProjects: boolean;
  readonly scopes?: readonly string[] | undefined;
  readonly refusal?: string;
}

const lentBy = ({ id, displayName }: Person): LentAccount => ({ account: id, displayName });
