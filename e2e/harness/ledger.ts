import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type ConfigMap, resources } from '@berth/kube/objects';

export interface Ledger {
  /** How many writes were acknowledged so far. */
  readonly acknowledged: number;
  /** What the API shows otherwise than it was acknowledged: nothing, if all is well. */
  audit(): Promise<string[]>;
  stop(): Promise<void>;
}

/** What may be there: the value last acknowledged, or one that was sent and not answered. `undefined`: nothing. */
type Expected = Set<string | undefined>;

/**
 * Creates, changes and deletes ConfigMaps as fast as the answers come, with `writers` at a time, and keeps the books: a
 * write that was acknowledged must be found, one without an answer may be.
 */
export function startLedger(client: KubeClient, namespace: string, writers: number, random: () => number): Ledger {
  const books = new Map<string, Expected>();
  let running = true;
  let acknowledged = 0;
  const lost: string[] = [];

  const write = async (name: string, value: string | undefined, work: () => Promise<unknown>): Promise<void> => {
    const before = books.get(name) ?? new Set([undefined]);
    books.set(name, new Set([...before, value]));
    try {
      await work();
      books.set(name, new Set([value]));
      acknowledged += 1;
    } catch (error) {
      if (!isBerthError(error)) throw error;
      if (isBerthError(error, 'NotFound') || isBerthError(error, 'AlreadyExists')) {
        const absent = isBerthError(error, 'NotFound');
        if (absent ? !before.has(undefined) : before.size === 1 && before.has(undefined)) lost.push(error.message);
        if (absent) books.set(name, new Set([undefined]));
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const writer = async (index: number) => {
    for (let count = 0; running; count += 1) {
      const name = `entry-${index}-${Math.floor(random() * 40)}`;
      const value = String(count);
      const expected = books.get(name);
      const known = expected?.size === 1 ? [...expected][0] : undefined;
      const body: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { value } };
      if (expected === undefined || (expected.size === 1 && known === undefined)) {
        await write(name, value, () => client.create(resources.configMaps, body));
      } else if (random() < 0.3) {
        await write(name, undefined, () => client.delete(resources.configMaps, { namespace, name }));
      } else {
        const patch = { type: 'merge', body: { data: { value } } } as const;
        await write(name, value, () => client.patch(resources.configMaps, { namespace, name }, patch));
      }
    }
  };
  const all = Promise.all(Array.from({ length: writers }, (_, index) => writer(index)));
  // Told by `stop`.
  all.catch(() => undefined);

  return {
    get acknowledged() {
      return acknowledged;
    },
    async audit() {
      // What is written while the list is made may be there or not.
      const before = new Map([...books].map(([name, expected]) => [name, new Set(expected)]));
      const { items } = await client.list(resources.configMaps, { namespace });
      const found = new Map(items.map((item) => [item.metadata.name ?? '', item.data?.value]));
      const wrong = [...lost];
      for (const [name, expected] of before) {
        const now = books.get(name);
        const same = now?.size === expected.size && [...expected].every((value) => now.has(value));
        if (!same || expected.has(found.get(name))) continue;
        wrong.push(`${name} is ${found.get(name)} and not ${[...expected].join(' or ')}`);
      }
      return wrong;
    },
    async stop() {
      running = false;
      await all;
    },
  };
}
