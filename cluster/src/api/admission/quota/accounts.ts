import {
  amountsOf,
  type Evaluator,
  largest,
  only,
  type ResourceQuota,
  sum,
  trackedNames,
  type Usage,
  usageCounter,
} from '../../../quota/index.ts';
import type { Revision } from '../../../store/index.ts';
import { resourcePrefix } from '../../storage/keys.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { StoredObject } from '../../storage/stored-object.ts';
import type { Charges } from './charges.ts';

export const quotaPrefix = resourcePrefix('', 'resourcequotas');

/** A quota with what is used of it while requests are judged. */
export interface Account {
  key: string;
  quota: ResourceQuota;
  revision: Revision;
  used: Usage;
  /** The prefixes of the resources of which `used` is known to be no less than there is. */
  verified: Set<string>;
}

/**
 * What is used of the quotas, never less than there is. Others write that too: the controller that counts, and what it counted
 * may be older than what was made since. So what somebody else wrote is held against the objects themselves, once.
 */
export class Accounts {
  readonly #storage: ObjectStorage;
  readonly #charges: Charges;
  readonly #now: () => Date;
  readonly #count = usageCounter(({ object }: StoredObject) => object);
  readonly #verified = new Map<string, { revision: Revision; prefixes: ReadonlySet<string> }>();

  constructor(storage: ObjectStorage, charges: Charges, now: () => Date) {
    this.#storage = storage;
    this.#charges = charges;
    this.#now = now;
    storage.listen(quotaPrefix, ({ type, object }) => {
      if (type === 'delete') this.#verified.delete(object.key);
    });
  }

  of(namespace: string): Account[] {
    return this.#storage.list(`${quotaPrefix}${namespace}/`).map(({ key, object, revision }) => {
      const quota = object as ResourceQuota;
      const known = this.#verified.get(key);
      const verified = new Set(known?.revision === revision ? known.prefixes : []);
      return { key, quota, revision, used: amountsOf(quota.status?.used), verified };
    });
  }

  /** Raises what is used by objects of a resource, whose keys begin with `prefix`, to what there is and what is coming. */
  verify(account: Account, evaluator: Evaluator, prefix: string): void {
    const { key, quota, verified } = account;
    if (verified.has(prefix)) return;
    verified.add(prefix);
    // What has no figure yet gets its first one from the controller.
    const names = trackedNames(quota, evaluator).filter((name) => account.used[name] !== undefined);
    if (names.length === 0) return;
    const objects = this.#storage.list(`${prefix}${quota.metadata.namespace}/`);
    const present = this.#count(quota, evaluator, objects, { names, now: this.#now().getTime() });
    account.used = largest(account.used, sum(present, only(this.#charges.comingFor(key) ?? {}, names)));
  }

  /** What is used of the account is what the quota says at `revision`. */
  written({ key, verified }: Account, revision: Revision): void {
    this.#verified.set(key, { revision, prefixes: verified });
  }
}
