import type { KubeObject, Pod } from '@berth/kube/objects';
import { admitted, withoutAdmission } from '../admission/values.ts';
import type { Answer, Call } from '../call.ts';
import { badRequest, conflict } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { isRecord } from '../verbs/decode.ts';
import { rewrite } from '../verbs/rewrite.ts';
import { timestamp } from '../verbs/time.ts';

/** What cannot be assigned is said of, as Kubernetes has it. */
const bindings = { group: '', resource: 'pods/binding' };

/** Assigns a pod to a node, once. */
export async function binding(machinery: Machinery, call: Call): Promise<Answer> {
  const body = await admitted(machinery, call, { operation: 'CREATE', object: sent(call) });
  const { target } = body;
  const node = isRecord(target) ? target.name : undefined;
  if (typeof node !== 'string' || node === '') throw badRequest('target.name: Required value: the node to bind to');
  const { uid } = body.metadata ?? {};
  await rewrite(withoutAdmission(machinery), call, (current) => {
    const pod = current as Pod;
    const { description } = call.kind;
    if (typeof uid === 'string' && uid !== '' && uid !== pod.metadata.uid) {
      throw conflict(
        description,
        call.name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid}`,
      );
    }
    if (pod.metadata.deletionTimestamp)
      throw conflict(bindings, call.name, `pod ${call.name} is being deleted, cannot be assigned to a host`);
    if (pod.spec?.nodeName) {
      throw conflict(bindings, call.name, `pod ${call.name} is already assigned to node "${pod.spec.nodeName}"`);
    }
    if (!pod.spec) throw badRequest('the pod has no specification');
    const others = (pod.status?.conditions ?? []).filter((condition) => condition.type !== 'PodScheduled');
    const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: timestamp(machinery.now()) };
    // What was cleared for it is its own now.
    const { nominatedNodeName: _, ...status } = pod.status ?? {};
    return {
      ...pod,
      spec: { ...pod.spec, nodeName: node },
      status: { ...status, conditions: [...others, scheduled] },
    } as Pod;
  });
  return {
    type: 'value',
    created: true,
    value: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
  };
}

/** The Binding that came in, with what its path says. */
function sent({ body, name, namespace }: Call): KubeObject {
  const given = isRecord(body) ? body : {};
  const metadata = isRecord(given.metadata) ? given.metadata : {};
  return { ...given, kind: 'Binding', apiVersion: 'v1', metadata: { ...metadata, name, namespace } };
}

/** `bindings`: the same, with the pod's name in the body. */
export async function legacyBinding(machinery: Machinery, call: Call): Promise<Answer> {
  const name = isRecord(call.body) && isRecord(call.body.metadata) ? call.body.metadata.name : undefined;
  const kind = machinery.kinds.get('', 'v1', 'pods');
  const subresource = kind?.subresources.get('binding');
  if (typeof name !== 'string' || !kind || !subresource) throw badRequest('metadata.name: Required value');
  return await binding(machinery, { ...call, kind, subresource, name });
}
