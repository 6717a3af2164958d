import { apiVersionOf, type KubeObject } from '@berth/kube/objects';
import { applyJsonPatch, applyMergePatch } from '@berth/kube/patch';
import { formatLabelSelector, type LabelSelectorObject, labelSelectorOf } from '@berth/kube/selectors';
import { admitted, withoutAdmission } from '../admission/values.ts';
import type { Answer, Call } from '../call.ts';
import { badRequest, conflict, invalid } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { isRecord } from '../verbs/decode.ts';
import { find } from '../verbs/get.ts';
import { rewrite } from '../verbs/rewrite.ts';

/** `autoscaling/v1` Scale: the number of replicas of a workload, read and written without the rest of it. */
export async function scale(machinery: Machinery, call: Call): Promise<Answer> {
  if (call.verb === 'get') return { type: 'value', value: scaleOf((await find(machinery, call)).object) };
  const stored = await rewrite(withoutAdmission(machinery), call, async (current) => {
    const old = scaleOf(current);
    const sent = call.verb === 'patch' ? patched(call, old) : call.body;
    if (!isRecord(sent)) throw badRequest('the body must be an object of kind Scale');
    const { kind, apiVersion } = old;
    const object = { ...sent, kind, apiVersion, metadata: sent.metadata ?? {} } as KubeObject;
    const proposed = await admitted(machinery, call, { operation: 'UPDATE', object, old });
    const next = structuredClone(current);
    next.spec = { ...(next.spec as object | undefined), replicas: replicasOf(call, proposed, current) };
    return next;
  });
  return { type: 'value', value: scaleOf(stored.object) };
}

function patched(call: Call, current: KubeObject): unknown {
  if (call.patchType === 'json') return applyJsonPatch(current, call.body);
  if (!isRecord(call.body)) throw badRequest('the patch must be an object');
  // A scale has no lists, so that a strategic merge patch is a merge patch.
  return applyMergePatch(current, call.body);
}

function replicasOf(call: Call, proposed: unknown, current: KubeObject): number {
  if (!isRecord(proposed)) throw badRequest('the body must be an object of kind Scale');
  const version = (proposed.metadata as { resourceVersion?: string } | undefined)?.resourceVersion;
  if (version && version !== current.metadata.resourceVersion) throw conflict(call.kind.description, call.name);
  const replicas = (proposed.spec as { replicas?: unknown } | undefined)?.replicas ?? 0;
  if (typeof replicas === 'number' && Number.isInteger(replicas) && replicas >= 0) return replicas;
  const message = `Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0`;
  throw invalid({ group: 'autoscaling', kind: 'Scale' }, call.name, [
    { reason: 'FieldValueInvalid', message, field: 'spec.replicas' },
  ]);
}

function scaleOf(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const spec = object.spec as { replicas?: number; selector?: unknown } | undefined;
  const status = object.status as { replicas?: number } | undefined;
  return {
    kind: 'Scale',
    apiVersion: apiVersionOf({ group: 'autoscaling', version: 'v1' }),
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as KubeObject['metadata'],
    spec: { replicas: spec?.replicas ?? 0 },
    status: { replicas: status?.replicas ?? 0, selector: selectorText(object.kind, spec?.selector) },
  };
}

function selectorText(kind: string, selector: unknown): string {
  const labels = kind === 'ReplicationController' ? { matchLabels: selector as Record<string, string> } : selector;
  return formatLabelSelector(labelSelectorOf(labels as LabelSelectorObject | undefined) ?? []);
}
