import type { Pod, PodSpec, RuntimeClass } from '@berth/kube/objects';
import { amountsOf, areEqual, type ResourceList } from '../../quota/index.ts';
import { forbidden } from '../faults.ts';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import { mergeTolerations } from './merge-tolerations.ts';

const prefix = resourcePrefix('node.k8s.io', 'runtimeclasses');

/** A pod's RuntimeClass has to be there, and gives the pod what its runtime takes and where it runs. Source: KEP-585, KEP-688. */
export function runtimeClasses(storage: ObjectStorage): AdmissionPlugin {
  return {
    name: 'RuntimeClass',
    resources: ['/pods'],
    admit(request) {
      const spec = specOf(request);
      const found = spec && classOf(storage, request, spec);
      if (!found) return;
      if (found.overhead) setOverhead(request, spec, found.overhead.podFixed);
      if (found.scheduling) setScheduling(request, spec, found.scheduling);
    },
    check(request) {
      const spec = specOf(request);
      if (!spec) return;
      const overhead = classOf(storage, request, spec)?.overhead;
      if (overhead) {
        if (!sameAmounts(overhead.podFixed, spec.overhead)) throw differs(request);
      } else if (spec.overhead !== undefined) {
        throw refused(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
      }
    },
  };
}

const specOf = ({ operation, subresource, object }: AdmissionRequest) =>
  operation === 'CREATE' && subresource === '' ? (object as Pod).spec : undefined;

const refused = (request: AdmissionRequest, why: string) =>
  forbidden({ group: '', resource: 'pods' }, request.name, why);

const differs = (request: AdmissionRequest) =>
  refused(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");

function classOf(storage: ObjectStorage, request: AdmissionRequest, spec: PodSpec): RuntimeClass | undefined {
  const name = spec.runtimeClassName;
  if (name === undefined) return undefined;
  const found = storage.get(objectKey(prefix, undefined, name))?.object as unknown as RuntimeClass | undefined;
  if (!found) throw refused(request, `pod rejected: RuntimeClass "${name}" not found`);
  return found;
}

function setOverhead(request: AdmissionRequest, spec: PodSpec, podFixed: ResourceList | undefined): void {
  const own = spec.overhead;
  if (own !== undefined && Object.keys(own).length > 0 && !sameAmounts(podFixed, own)) throw differs(request);
  if (podFixed === undefined) delete spec.overhead;
  else spec.overhead = { ...podFixed } as NonNullable<PodSpec['overhead']>;
}

function setScheduling(
  request: AdmissionRequest,
  spec: PodSpec,
  { nodeSelector = {}, tolerations = [] }: NonNullable<RuntimeClass['scheduling']>,
): void {
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key];
    if (own === undefined || own === value) continue;
    const texts = [`runtimeClass.scheduling.nodeSelector[${key}] = ${value}`, `pod.spec.nodeSelector[${key}] = ${own}`];
    throw refused(request, `conflict: ${texts.join('; ')}`);
  }
  if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
  const merged = mergeTolerations([...(spec.tolerations ?? []), ...tolerations]);
  if (merged.length > 0) spec.tolerations = merged;
}

/** By amount, however it is written. Throws `BadRequest` for what is no quantity. */
function sameAmounts(one: ResourceList | undefined, other: unknown): boolean {
  return areEqual(amountsOf(one), amountsOf(other as ResourceList | undefined));
}
