import type { KubeObject, Resource } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import {
  amountsOf,
  areEqual,
  evaluatorOf,
  type ResourceQuota,
  resourceQuotas,
  sum,
  type Usage,
  type UsageCounter,
  usageCounter,
  written,
} from '../../quota/index.ts';
import { type CustomResourceDefinition, customResourceDefinitions, type Served } from '../served.ts';
import { keyOf, statusActions } from '../status.ts';

/** Some use ends without anybody saying so: that of a pod whose node is lost. */
const resync = 5 * 60_000;

/** Keeps what is used up of each quota. Source: "Resource Quotas" of the Kubernetes documentation. */
export function resourceQuotaController(served: Served): Reconciler<ResourceQuota> {
  const count = usageCounter((object: KubeObject) => object);
  return {
    name: 'resourcequota-controller',
    resource: resourceQuotas,
    watches: [...served.all().flatMap(quotaContentOf), { resource: customResourceDefinitions, concerns: awaiting }],
    reconcile(quota, view, now): Outcome {
      const used = calculate(quota, { served, view, now, count });
      return { actions: write(quota, used), requeueAfter: resync };
    },
  };
}

/** What quotas count of a resource, as something that changes them; nothing for what they do not count. */
export function quotaContentOf(resource: Resource) {
  const evaluator = resource.namespaced ? evaluatorOf(resource) : undefined;
  if (!evaluator) return [];
  const concerns = ({ metadata: { namespace = '' } }: KubeObject, view: View) =>
    view
      .list(resourceQuotas, { namespace })
      .filter(({ spec }) => Object.keys(spec?.hard ?? {}).some((name) => evaluator.tracks(name)))
      .map(keyOf);
  return [{ resource, concerns }];
}

/** The quotas that count what a definition defines: nothing of it is made before they have a figure. */
function awaiting(object: KubeObject, view: View) {
  const { spec } = object as CustomResourceDefinition;
  if (!spec) return [];
  const evaluator = evaluatorOf({ group: spec.group, resource: spec.names.plural });
  const isCounted = (name: string) => evaluator?.tracks(name) === true;
  return view
    .list(resourceQuotas)
    .filter((quota) => Object.keys(quota.spec?.hard ?? {}).some(isCounted))
    .map(keyOf);
}

interface Counting {
  served: Served;
  view: View;
  now: number;
  count: UsageCounter<KubeObject>;
}

function calculate(quota: ResourceQuota, { served, view, now, count }: Counting): Usage {
  const names = Object.keys(quota.spec?.hard ?? {});
  let used: Usage = {};
  for (const resource of served.all()) {
    const evaluator = resource.namespaced ? evaluatorOf(resource) : undefined;
    const tracked = evaluator ? names.filter((name) => evaluator.tracks(name)) : [];
    if (!evaluator || tracked.length === 0) continue;
    const objects = view.list(resource, { namespace: quota.metadata.namespace ?? '' });
    used = sum(used, count(quota, evaluator, objects, { names: tracked, now }));
  }
  return Object.fromEntries(Object.entries(used).filter(([name]) => names.includes(name)));
}

function write(quota: ResourceQuota, calculated: Usage): Action[] {
  const hard = quota.spec?.hard ?? {};
  const before = quota.status;
  // What nobody can count keeps its last figure.
  const known = { ...amountsOf(before?.used), ...calculated };
  const used = Object.fromEntries(Object.entries(known).filter(([name]) => name in hard));
  const isSame =
    before?.hard !== undefined &&
    areEqual(amountsOf(hard), amountsOf(before.hard)) &&
    areEqual(used, amountsOf(before.used));
  if (isSame) return [];
  const { uid, resourceVersion } = quota.metadata;
  return statusActions(resourceQuotas, quota, { hard, used: written(used) }).map((action) => {
    if (action.type !== 'patch' || action.patch.type !== 'merge') return action;
    // Whoever admits something writes the same status: what was counted before must not undo it.
    const metadata = { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    return { ...action, patch: { type: 'merge', body: { ...(action.patch.body as object), metadata } } };
  });
}
