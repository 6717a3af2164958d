import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Index, sharedInformers } from '../client/index.ts';
import { controllerOf, type Pod, resources } from '../objects/index.ts';
import { type LabelSelector, matchesLabels } from '../selectors/index.ts';
import { fixedView, viewOf } from './view.ts';

const name = fc.constantFrom('a', 'b', 'c');
const value = fc.constantFrom('x', 'y', 'z');
const pods = fc.array(
  fc.record({ namespace: fc.constantFrom('n', 'm'), labels: fc.dictionary(name, value), owner: fc.option(name) }),
  { maxLength: 12 },
);
const requirement = fc.oneof(
  fc.record({ key: name, operator: fc.constantFrom('In', 'NotIn'), values: fc.array(value, { minLength: 1 }) }),
  fc.record({ key: name, operator: fc.constantFrom('Exists', 'DoesNotExist'), values: fc.constant([]) }),
);
const selector = fc.array(requirement, { maxLength: 3 }) as fc.Arbitrary<LabelSelector>;

const byLabels: Index<Pod> = { valuesOf: ({ metadata }) => Object.keys(metadata.labels ?? {}) };

test('what a view finds by an index is what looking through all would find', async () => {
  await fc.assert(
    fc.asyncProperty(pods, pods, selector, async (before, after, wanted) => {
      const first = before.map(podOf(1));
      const second = after.map(podOf(2));
      using informed = await informedOf(first);
      const { view, informer } = informed;
      const check = (all: readonly Pod[]) => {
        for (const each of [view, fixedView(all)]) {
          for (const namespace of ['n', 'm']) {
            const orphans = each.orphans(resources.pods, { namespace, selector: wanted });
            expect(names(orphans)).toEqual(names(all.filter((pod) => isOrphan(pod, namespace, wanted))));
          }
          for (const uid of ['a', 'b', 'c']) {
            const owned = all.filter((pod) => controllerOf(pod)?.uid === uid);
            expect(names(each.controlledBy(resources.pods, uid))).toEqual(names(owned));
            const labelled = all.filter(({ metadata }) => metadata.labels?.[uid] !== undefined);
            expect(names(each.byIndex(resources.pods, byLabels, uid))).toEqual(names(labelled));
          }
        }
      };
      check(first);
      // What is known by then changes: other labels, other owners, gone.
      for (const pod of second) informer.observe(pod);
      const stays = new Set(names(second));
      for (const pod of first) if (!stays.has(pod.metadata.name)) informer.observeDeleted(pod);
      check(second);
    }),
  );
});

test('a selector that is absent matches no orphan', () => {
  const view = fixedView([podOf(1)({ namespace: 'n', labels: {}, owner: null }, 0)]);
  expect(view.orphans(resources.pods, { namespace: 'n', selector: undefined })).toEqual([]);
  expect(view.orphans(resources.pods, { namespace: 'n', selector: [] })).toHaveLength(1);
});

interface Described {
  namespace: string;
  labels: Record<string, string>;
  owner: string | null;
}

const podOf =
  (version: number) =>
  ({ namespace, labels, owner }: Described, at: number): Pod => {
    const ownerReferences =
      owner === null ? [] : [{ apiVersion: 'v1', kind: 'X', name: owner, uid: owner, controller: true }];
    // Its namespace is of its name, so that both generations of a name are one object.
    const metadata = { name: `pod-${at}-${namespace}`, namespace, uid: `${at}${namespace}`, labels, ownerReferences };
    return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, resourceVersion: `${version}` } };
  };

function isOrphan(pod: Pod, namespace: string, wanted: LabelSelector): boolean {
  const { metadata } = pod;
  return !controllerOf(pod) && metadata.namespace === namespace && matchesLabels(wanted, metadata.labels);
}

const names = (found: readonly Pod[]) => found.map(({ metadata }) => metadata.name).sort();

async function informedOf(items: Pod[]) {
  const over = new AbortController();
  const client = {
    list: async () => ({ metadata: { resourceVersion: '1' }, items }),
    watch: async function* () {
      await new Promise((resolve) => over.signal.addEventListener('abort', resolve));
    },
  };
  const informers = sharedInformers({ client: client as never, signal: over.signal });
  const informer = informers.of(resources.pods);
  await informer.synced;
  return { view: viewOf(informers), informer, [Symbol.dispose]: () => over.abort() };
}
