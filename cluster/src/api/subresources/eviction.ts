import { BerthError } from '@berth/kube/errors';
import type { KubeObject, Pod } from '@berth/kube/objects';
import { type LabelSelectorObject, labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { admitted, withoutAdmission } from '../admission/values.ts';
import type { Answer, Call } from '../call.ts';
import { badRequest } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { resourcePrefix } from '../storage/keys.ts';
import type { StoredObject } from '../storage/stored-object.ts';
import { isRecord } from '../verbs/decode.ts';
import { removeObject } from '../verbs/delete.ts';
import { deleteOptions } from '../verbs/delete-options.ts';
import { find } from '../verbs/get.ts';
import { rewrite } from '../verbs/rewrite.ts';
import { timestamp } from '../verbs/time.ts';

const group = 'policy';
const resource = 'poddisruptionbudgets';

interface Budget extends KubeObject {
  spec?: { selector?: LabelSelectorObject };
  status?: { disruptionsAllowed?: number; disruptedPods?: Record<string, string>; observedGeneration?: number };
}

/** Deletes a pod unless a disruption budget forbids it; then 429, as the API's eviction says. */
export async function eviction(machinery: Machinery, call: Call): Promise<Answer> {
  if (nameIn(call) !== call.name) throw badRequest('name in URL does not match name in Eviction object');
  const body = await admittedEviction(machinery, call);
  const deletion: Call = { ...call, verb: 'delete', subresource: undefined, body: body.deleteOptions ?? {} };
  const options = deleteOptions(deletion);
  const pod = (await find(machinery, { ...call, options: new Map() })).object as Pod;
  const protectedOne = pod.status?.phase === 'Running' || pod.status?.phase === 'Pending';
  if (protectedOne && pod.metadata.deletionTimestamp === undefined) {
    const budgets = budgetsOf(machinery, pod);
    if (budgets.length > 1) {
      throw new BerthError(
        'InternalError',
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      );
    }
    const [budget] = budgets;
    if (budget && pod.status?.phase === 'Running') await spend(machinery, deletion, budget, pod);
  }
  await removeObject(withoutAdmission(machinery), deletion, options);
  return {
    type: 'value',
    created: true,
    value: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
  };
}

/** What the eviction calls the pod. */
function nameIn({ body }: Call): unknown {
  const metadata = isRecord(body) ? body.metadata : undefined;
  return isRecord(metadata) ? metadata.name : undefined;
}

/** As in Kubernetes, the eviction is admitted, and the deletion that follows from it is not asked about again. */
async function admittedEviction(machinery: Machinery, call: Call): Promise<KubeObject> {
  const body = isRecord(call.body) ? call.body : {};
  const metadata = { ...(isRecord(body.metadata) ? body.metadata : {}), name: call.name, namespace: call.namespace };
  const object: KubeObject = { ...body, kind: 'Eviction', apiVersion: 'policy/v1', metadata };
  return await admitted(machinery, call, { operation: 'CREATE', object });
}

function budgetsOf({ storage }: Machinery, pod: Pod): StoredObject[] {
  return storage.list(`${resourcePrefix(group, resource)}${pod.metadata.namespace}/`).filter(({ object }) => {
    const selector = labelSelectorOf((object as Budget).spec?.selector);
    return selector !== undefined && matchesLabels(selector, pod.metadata.labels);
  });
}

/** Takes one disruption from the budget, before the controller that keeps it knows that the pod is gone. */
async function spend(machinery: Machinery, call: Call, budget: StoredObject, pod: Pod): Promise<void> {
  const kind = machinery.kinds.get(group, 'v1', resource);
  const subresource = kind?.subresources.get('status');
  if (!kind || !subresource) return;
  const { name } = budget.object.metadata;
  // The server's own doing, whoever asked for the eviction.
  const { userAgent: _, ...own } = call;
  await rewrite(machinery, { ...own, verb: 'update', kind, subresource, name }, (current) => {
    const next = structuredClone(current) as Budget;
    // It names no version: an eviction beside this one, or the budget's controller, may write first.
    delete next.metadata.resourceVersion;
    const { disruptionsAllowed = 0, disruptedPods = {}, ...status } = next.status ?? {};
    if (disruptionsAllowed <= 0) throw refusal(name);
    const at = timestamp(machinery.now());
    next.status = {
      ...status,
      disruptionsAllowed: disruptionsAllowed - 1,
      disruptedPods: { ...disruptedPods, [pod.metadata.name]: at },
    };
    return next;
  });
}

function refusal(name: string): BerthError {
  const message = `The disruption budget ${name} does not allow evicting the pod at this time`;
  return new BerthError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    details: { causes: [{ reason: 'DisruptionBudget', message }], retryAfterSeconds: 10 },
  });
}
