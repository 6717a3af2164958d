import { controllerOf, type KubeObject, type Pod } from '@berth/kube/objects';
import {
  compareLevels,
  described,
  evaluatePod,
  isSame,
  type LevelVersion,
  levelText,
  type PodShape,
  type Policy,
  policyOf,
} from '@berth/kube/pod-security';
import { invalidError } from '@berth/kube/schema';
import { forbidden } from '../faults.ts';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';

const namespacePrefix = resourcePrefix('', 'namespaces');
const podPrefix = resourcePrefix('', 'pods');
const pods = { group: '', resource: 'pods' };

/** So many pods of a namespace are looked at when it asks for more than before. */
const most = 3000;

interface Templated extends KubeObject {
  template?: PodShape;
  spec?: { template?: PodShape; jobTemplate?: { spec?: { template?: PodShape } } };
}

const ofSpec = ({ spec }: Templated) => spec?.template;

/** Where the kinds that make pods keep their template. */
const templates: Readonly<Record<string, (object: Templated) => PodShape | undefined>> = {
  '/podtemplates': ({ template }) => template,
  '/replicationcontrollers': ofSpec,
  'apps/replicasets': ofSpec,
  'apps/deployments': ofSpec,
  'apps/statefulsets': ofSpec,
  'apps/daemonsets': ofSpec,
  'batch/jobs': ofSpec,
  'batch/cronjobs': ({ spec }) => spec?.jobTemplate?.spec?.template,
};

/** Those that change nothing of a pod that the standards look at. */
const harmless = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status']);

/**
 * Holds pods against the Pod Security Standards that their namespace's labels ask for: refuses, notes, or warns. The templates of what makes pods
 * are never refused. Source: KEP-2579.
 */
export function podSecurity(storage: ObjectStorage): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    resources: ['/namespaces', '/pods', ...Object.keys(templates)],
    check(request) {
      if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return;
      const { group, resource } = request.call.kind.description;
      const template = templates[`${group}/${resource}`];
      if (template) {
        const shape = request.subresource === '' ? template(request.object as Templated) : undefined;
        const policy = policyFor(storage, request.namespace);
        if (shape) note(request, shape, policy);
      } else if (resource === 'pods') judgePod(request, policyFor(storage, request.namespace));
      else if (request.subresource === '') judgeNamespace(request, storage);
    },
  };
}

function policyFor(storage: ObjectStorage, namespace: string): Policy {
  return policyOf(storage.get(objectKey(namespacePrefix, undefined, namespace))?.object.metadata.labels).policy;
}

function judgePod(request: AdmissionRequest, policy: Policy): void {
  if (harmless.has(request.subresource)) return;
  const pod = request.object as Pod;
  if (request.operation === 'UPDATE' && !mayMatter(pod, request.old as Pod | undefined)) return;
  const isFree = isAllPrivileged(policy);
  const enforced = isFree ? 'privileged:latest' : levelText(policy.enforce);
  request.call.record?.annotate('pod-security.kubernetes.io/enforce-policy', enforced);
  if (isFree) return;
  const refused = evaluatePod(policy.enforce, pod);
  if (refused.length > 0) {
    noteForAudit(request, pod, policy);
    const why = `violates PodSecurity "${levelText(policy.enforce)}": ${described(refused)}`;
    throw forbidden(pods, request.name, why);
  }
  note(request, pod, policy);
}

/** Then there is nothing to look at. */
function isAllPrivileged({ enforce, audit, warn }: Policy): boolean {
  return [enforce, audit, warn].every(({ level }) => level === 'privileged');
}

function note(request: AdmissionRequest, pod: PodShape, policy: Policy): void {
  noteForAudit(request, pod, policy);
  const warning = wouldViolate(policy.warn, pod);
  if (warning !== undefined) request.call.warnings.push(warning);
}

function wouldViolate(level: LevelVersion, pod: PodShape): string | undefined {
  const objections = evaluatePod(level, pod);
  return objections.length > 0
    ? `would violate PodSecurity "${levelText(level)}": ${described(objections)}`
    : undefined;
}

function noteForAudit({ call: { record } }: AdmissionRequest, pod: PodShape, policy: Policy): void {
  if (!record) return;
  const violations = wouldViolate(policy.audit, pod);
  if (violations !== undefined) record.annotate('pod-security.kubernetes.io/audit-violations', violations);
}

/** Of what may change in a pod that is there, only containers and their images are looked at again. */
function mayMatter({ spec }: Pod, old: Pod | undefined): boolean {
  const images = (all: readonly { image?: string }[] = []) => all.map(({ image = '' }) => image).join('\n');
  if (images(spec?.containers) !== images(old?.spec?.containers)) return true;
  if (images(spec?.initContainers) !== images(old?.spec?.initContainers)) return true;
  const joined = new Map(old?.spec?.ephemeralContainers?.map(({ name, image }) => [name, image ?? '']));
  return (spec?.ephemeralContainers ?? []).some(({ name, image = '' }) => joined.get(name) !== image);
}

/** Bad labels are refused unless they were there already; a stricter level is told what runs and violates it. */
function judgeNamespace(request: AdmissionRequest, storage: ObjectStorage): void {
  const { object, old, call } = request;
  const next = policyOf(object.metadata.labels);
  const former = policyOf(old?.metadata.labels);
  if (next.bad.length > 0 && JSON.stringify(next.bad) !== JSON.stringify(former.bad)) {
    const causes = next.bad.map(({ label, value, message }) => ({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(value)}: ${message}`,
      field: `metadata.labels[${label}]`,
    }));
    throw invalidError(call.kind.description, request.name, causes);
  }
  if (request.operation !== 'UPDATE') return;
  const { enforce } = next.policy;
  const before = former.policy.enforce;
  const isLooser = enforce.version === before.version && compareLevels(enforce.level, before.level) <= 0;
  if (isSame(enforce, before) || enforce.level === 'privileged' || isLooser) return;
  call.warnings.push(...warningsOfRunning(storage, object.metadata.name, enforce));
}

function warningsOfRunning(storage: ObjectStorage, namespace: string, enforce: LevelVersion): string[] {
  const all = oneOfEachOwnerFirst(storage.list(`${podPrefix}${namespace}/`).map(({ object }) => object as Pod));
  const names = new Map<string, string[]>();
  for (const pod of all.slice(0, most)) {
    const reasons = evaluatePod(enforce, pod).map(({ reason }) => reason);
    if (reasons.length === 0) continue;
    const text = reasons.join(', ');
    names.set(text, [...(names.get(text) ?? []), pod.metadata.name]);
  }
  const violating = [...names].map(([text, all]) => {
    const [least, ...others] = all.sort();
    const more = others.length === 1 ? ' (and 1 other pod)' : ` (and ${others.length} other pods)`;
    return `${least}${others.length === 0 ? '' : more}: ${text}`;
  });
  const level = levelText(enforce);
  return [
    ...(all.length > most
      ? [`new PodSecurity enforce level only checked against the first ${most} of ${all.length} existing pods`]
      : []),
    ...(violating.length > 0
      ? [`existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${level}"`]
      : []),
    ...violating.sort(),
  ];
}

function oneOfEachOwnerFirst(all: readonly Pod[]): Pod[] {
  const seen = new Set<string>();
  const [first, rest]: [Pod[], Pod[]] = [[], []];
  for (const pod of all) {
    const owner = controllerOf(pod)?.uid;
    if (owner !== undefined && seen.has(owner)) rest.push(pod);
    else first.push(pod);
    if (owner !== undefined) seen.add(owner);
  }
  return [...first, ...rest];
}
