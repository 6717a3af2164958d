import { BerthError } from '@berth/kube/errors';
import { apiVersionOf, type KubeObject } from '@berth/kube/objects';
import { applyJsonPatch, applyMergePatch } from '@berth/kube/patch';
import type { ScalePaths } from '@berth/kube/schema';
import { invalidError } from '@berth/kube/schema';
import { formatLabelSelector, type LabelSelectorObject, labelSelectorOf } from '@berth/kube/selectors';
import { admitted, withoutAdmission } from '../admission/values.ts';
import type { Answer, Call } from '../call.ts';
import { viewOf } from '../conversion/conversion.ts';
import { badRequest, conflict } from '../faults.ts';
import type { ServedKind } from '../kinds.ts';
import type { Machinery } from '../machinery.ts';
import { applied, owned } from '../schema/ownership.ts';
import { valueAt } from '../table/table.ts';
import { checkName, isRecord } from '../verbs/decode.ts';
import { find } from '../verbs/get.ts';
import { rewrite } from '../verbs/rewrite.ts';

/** `autoscaling/v1` Scale: the number of replicas of a workload, read and written without the rest of it. */
export async function scale(machinery: Machinery, call: Call): Promise<Answer> {
  const { kind } = call;
  if (call.verb === 'get') {
    const { object } = await viewOf(kind, await find(machinery, call));
    if (kind.scale && valueAt(object, kind.scale.specReplicas) === undefined) throw withoutReplicas(kind.scale);
    return { type: 'value', value: shown(scaleOf(kind, object)) };
  }
  const rescaled = async (current: KubeObject) => {
    const old = scaleOf(kind, current);
    const isUnset = kind.scale !== undefined && valueAt(current, kind.scale.specReplicas) === undefined;
    if (isUnset) old.spec = { replicas: unset };
    const sent = call.verb === 'patch' ? patched(call, old) : call.body;
    if (!isRecord(sent)) throw badRequest('the body must be an object of kind Scale');
    if (call.verb === 'update') checkName(call, isRecord(sent.metadata) ? sent.metadata.name : undefined);
    const { kind: name, apiVersion } = old;
    const object = { ...sent, kind: name, apiVersion, metadata: sent.metadata ?? {} } as KubeObject;
    const proposed = await admitted(machinery, call, { operation: 'UPDATE', object, old });
    const replicas = replicasOf(call, proposed, current);
    const next =
      call.patchType === 'apply'
        ? await applied(machinery, call, current, configurationOf(kind, current, replicas))
        : await owned(machinery, call, current, withReplicas(kind, current, replicas));
    // Taken over from what is scaled, and no condition of the caller's: a scaling that lost a race is made again.
    const { resourceVersion: _, ...metadata } = next.metadata;
    return { ...next, metadata };
  };
  const stored = await rewrite(withoutAdmission(machinery), call, rescaled, { ownership: 'given' });
  return { type: 'value', value: shown(scaleOf(kind, stored.object)) };
}

/** The workload as who applies a scale wants it: nothing but the number. */
function configurationOf(
  kind: ServedKind,
  { apiVersion, kind: name, metadata }: KubeObject,
  replicas: number,
): KubeObject {
  const identity = { name: metadata.name, ...(metadata.namespace ? { namespace: metadata.namespace } : {}) };
  return withReplicas(kind, { apiVersion, kind: name, metadata: identity } as KubeObject, replicas);
}

/** Stands for a number of replicas that an object has not, so that a patch cannot seem to have set it. */
const unset = -(2 ** 31);

/** Where the scale of a built-in kind is. */
const usualReplicas = ['spec', 'replicas'];

function withReplicas(kind: ServedKind, current: KubeObject, replicas: number): KubeObject {
  const path = kind.scale?.specReplicas ?? usualReplicas;
  const next = structuredClone(current);
  let part = next as unknown as Record<string, unknown>;
  for (const field of path.slice(0, -1)) {
    if (!isRecord(part[field])) part[field] = {};
    part = part[field] as Record<string, unknown>;
  }
  part[path.at(-1) ?? ''] = replicas;
  return next;
}

function dotted(path: readonly string[]): string {
  return JSON.stringify(`.${path.join('.')}`);
}

function withoutReplicas({ specReplicas }: ScalePaths): BerthError {
  const what = `the spec replicas field ${dotted(specReplicas)} does not exist`;
  return new BerthError('InternalError', `Internal error occurred: ${what}`, {
    details: { causes: [{ reason: '', message: what }] },
  });
}

function patched(call: Call, current: KubeObject): unknown {
  if (call.patchType === 'json') return applyJsonPatch(current, call.body);
  if (call.patchType === 'apply') return isRecord(call.body) ? { ...call.body, metadata: {} } : call.body;
  if (!isRecord(call.body)) throw badRequest('the patch must be an object');
  // A scale has no lists, so that a strategic merge patch is a merge patch.
  return applyMergePatch(current, call.body);
}

function replicasOf(call: Call, proposed: unknown, current: KubeObject): number {
  if (!isRecord(proposed)) throw badRequest('the body must be an object of kind Scale');
  const version = (proposed.metadata as { resourceVersion?: string } | undefined)?.resourceVersion;
  if (version && version !== current.metadata.resourceVersion) throw conflict(call.kind.description, call.name);
  const replicas = (proposed.spec as { replicas?: unknown } | undefined)?.replicas ?? 0;
  const { scale: paths } = call.kind;
  if (paths && replicas === unset) {
    throw badRequest(`the spec replicas field ${dotted(paths.specReplicas)} cannot be empty`);
  }
  if (typeof replicas === 'number' && Number.isInteger(replicas) && replicas >= 0) return replicas;
  const message = `Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0`;
  throw invalidError({ group: 'autoscaling', kind: 'Scale' }, call.name, [
    { reason: 'FieldValueInvalid', message, field: 'spec.replicas' },
  ]);
}

function scaleOf(kind: ServedKind, object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { scale: paths } = kind;
  const selector = paths
    ? textAt(object, paths.labelSelector)
    : selectorText(object.kind, valueAt(object, ['spec', 'selector']));
  return {
    kind: 'Scale',
    apiVersion: apiVersionOf({ group: 'autoscaling', version: 'v1' }),
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as KubeObject['metadata'],
    spec: { replicas: numberAt(object, paths?.specReplicas ?? usualReplicas) },
    status: {
      replicas: numberAt(object, paths?.statusReplicas ?? ['status', 'replicas']),
      // A custom kind that names none has none.
      ...(paths && selector === '' ? {} : { selector }),
    },
  };
}

/** As it is written: no replicas are not mentioned. */
function shown(scale: KubeObject): KubeObject {
  return (scale.spec as { replicas: number }).replicas === 0 ? { ...scale, spec: {} } : scale;
}

function numberAt(object: KubeObject, path: readonly string[]): number {
  const value = valueAt(object, path);
  return typeof value === 'number' ? value : 0;
}

function textAt(object: KubeObject, path: readonly string[] | undefined): string {
  const value = path && valueAt(object, path);
  return typeof value === 'string' ? value : '';
}

function selectorText(kind: string, selector: unknown): string {
  const labels = kind === 'ReplicationController' ? { matchLabels: selector as Record<string, string> } : selector;
  return formatLabelSelector(labelSelectorOf(labels as LabelSelectorObject | undefined) ?? []);
}
