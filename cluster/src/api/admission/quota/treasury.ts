import { setTimeout } from 'node:timers/promises';
import { isBerthError } from '@berth/kube/errors';
import {
  amountsOf,
  areEqual,
  type Evaluator,
  judge,
  less,
  sum,
  type Usage,
  type Write,
  written,
} from '../../../quota/index.ts';
import type { Change } from '../../../store/index.ts';
import { conflict, forbidden } from '../../faults.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { encodeObject } from '../../storage/stored-object.ts';
import type { AdmissionRequest } from '../admission.ts';
import { type Account, Accounts, quotaPrefix } from './accounts.ts';
import type { Charge, Charges } from './charges.ts';

const attempts = 64;
const longestWaitMs = 50;

interface Waiting {
  request: AdmissionRequest;
  evaluator: Evaluator;
  write: Write;
  admit(): void;
  refuse(error: unknown): void;
}

interface Namespace {
  waiting: Waiting[];
  /** Charges to be given back. */
  returned: Charge[];
}

/**
 * Charges the quotas of each namespace one after the other: all requests that have come meanwhile are judged together and
 * written in one commit, so that many at once cost few writes and none is judged by what is outdated.
 */
export class Treasury {
  readonly #storage: ObjectStorage;
  readonly #charges: Charges;
  readonly #accounts: Accounts;
  readonly #now: () => Date;
  /** Those in which there is something to do. */
  readonly #busy = new Map<string, Namespace>();

  constructor(storage: ObjectStorage, charges: Charges, now: () => Date) {
    this.#storage = storage;
    this.#charges = charges;
    this.#accounts = new Accounts(storage, charges, now);
    this.#now = now;
  }

  /** Whether a namespace has quotas: what was acknowledged can be seen. */
  watchesOver(namespace: string): boolean {
    return this.#storage.list(`${quotaPrefix}${namespace}/`).length > 0;
  }

  /** Resolves when all quotas have room for a request and it is charged to them; `Forbidden` when one has none. */
  charge(request: AdmissionRequest, evaluator: Evaluator, write: Write): Promise<void> {
    return new Promise((admit, refuse) => {
      this.#enter(request.namespace, ({ waiting }) => waiting.push({ request, evaluator, write, admit, refuse }));
    });
  }

  #enter(name: string, put: (namespace: Namespace) => void): void {
    const busy = this.#busy.get(name);
    if (busy) {
      put(busy);
      return;
    }
    const namespace: Namespace = { waiting: [], returned: [] };
    this.#busy.set(name, namespace);
    put(namespace);
    void this.#work(name, namespace);
  }

  async #work(name: string, namespace: Namespace): Promise<void> {
    while (namespace.waiting.length + namespace.returned.length > 0) {
      const batch = { waiting: namespace.waiting.splice(0), returned: namespace.returned.splice(0) };
      try {
        await this.#settle(name, batch);
      } catch (error) {
        // What could not be given back the controller finds out when it counts anew.
        for (const { refuse } of batch.waiting) refuse(error);
      }
    }
    this.#busy.delete(name);
  }

  async #settle(name: string, { waiting, returned }: Namespace): Promise<void> {
    for (let tries = 1; ; tries++) {
      if (!this.#storage.isFresh) await this.#storage.caughtUp();
      const accounts = this.#accounts.of(name);
      for (const account of accounts)
        for (const each of returned) account.used = less(account.used, each.get(account.key) ?? {});
      const outcomes = waiting.map((each) => [each, this.#decide(accounts, each)] as const);
      try {
        const isCharged = outcomes.some(([, outcome]) => outcome instanceof Map && outcome.size > 0);
        if (isCharged || returned.length > 0) await this.#write(accounts);
      } catch (error) {
        const lost = isBerthError(error, 'Conflict') && accounts.find(({ key }) => key === error.details?.name);
        if (!lost) throw error;
        if (tries === attempts) throw conflict({ group: '', resource: 'resourcequotas' }, lost.quota.metadata.name);
        // Whoever was faster may not be durable yet, and until then nobody sees what it wrote.
        await setTimeout(Math.min(tries, longestWaitMs));
        continue;
      }
      for (const [{ request, admit, refuse }, outcome] of outcomes) {
        if (outcome instanceof Error) refuse(outcome);
        else {
          if (outcome.size > 0) this.#charges.add(request, outcome, () => this.#giveBack(name, outcome));
          admit();
        }
      }
      return;
    }
  }

  #decide(accounts: readonly Account[], { request, evaluator, write }: Waiting): Charge | Error {
    const { prefix, description } = request.call.kind;
    for (const account of accounts) this.#accounts.verify(account, evaluator, prefix);
    const verdict = judge(accounts, evaluator, write, this.#now().getTime());
    if ('refused' in verdict) return forbidden(description, request.name, verdict.refused);
    const charge = new Map<string, Usage>();
    if (request.dryRun) return charge;
    for (const [place, usage] of verdict.charges) {
      const account = accounts[place];
      if (!account) continue;
      account.used = sum(account.used, usage);
      charge.set(account.key, usage);
    }
    return charge;
  }

  async #write(accounts: readonly Account[]): Promise<void> {
    const changed = accounts.filter(({ quota, used }) => !areEqual(used, amountsOf(quota.status?.used)));
    for (const account of accounts) if (!changed.includes(account)) this.#accounts.written(account, account.revision);
    const changes = changed.map(({ key, quota, used, revision }): Change => {
      const next = { ...quota, status: { ...quota.status, used: written(used) } };
      return { type: 'put', key, expected: revision, value: (at) => encodeObject(key, next, at).bytes };
    });
    if (changes.length === 0) return;
    const revision = await this.#storage.commit(changes);
    for (const account of changed) this.#accounts.written(account, revision);
  }

  #giveBack(name: string, charge: Charge): void {
    this.#enter(name, ({ returned }) => returned.push(charge));
  }
}
