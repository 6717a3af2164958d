import { sameData } from '../../patch/index.ts';
import { compareQuantities, isQuantity, parseQuantity } from '../../quantity/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { goValue, listOf, pointerTo } from './go-value.ts';
import { validateHostPath } from './host-path.ts';
import { dnsSubdomain } from './names.ts';
import { validateNodeTerm } from './node-selector.ts';
import type { Problems } from './problems.ts';
import { validateLabelSelector } from './selector.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const reclaimPolicies = ['Delete', 'Recycle', 'Retain'];
const volumeModes = ['Block', 'Filesystem'];

/** How a volume may be used: at least one way, and exclusive use only alone. */
function validateAccess(spec: Fields, at: string, missing: string, problems: Problems): void {
  const modes = Array.isArray(spec.accessModes) ? (spec.accessModes as string[]) : [];
  if (modes.length === 0) problems.required(`${at}.accessModes`, missing);
  for (const mode of modes) {
    if (!accessModes.includes(mode)) problems.unsupported(`${at}.accessModes`, mode, accessModes);
  }
  if (modes.includes('ReadWriteOncePod') && modes.length > 1) {
    problems.forbidden(`${at}.accessModes`, 'may not use ReadWriteOncePod with other access modes');
  }
}

const requirements = listOf({ Key: '', Operator: '', Values: null });
const nodeAffinity = {
  Required: pointerTo({
    NodeSelectorTerms: listOf({ MatchExpressions: requirements, MatchFields: requirements }),
  }),
};

/** Everything of a volume's specification that is not its source. */
const notSources = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);

export const validatePersistentVolume: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  validateAccess(spec, 'spec', '', problems);
  const capacity = part(spec, 'capacity');
  if (capacity === undefined || Object.keys(capacity).length === 0) problems.required('spec.capacity');
  if (capacity === undefined || !('storage' in capacity) || Object.keys(capacity).length > 1) {
    problems.unsupported('spec.capacity', sorted(capacity), ['storage']);
  }
  const storage = capacity?.storage;
  if (isQuantity(storage) && parseQuantity(storage).nanos <= 0n) {
    if (parseQuantity(storage).nanos < 0n)
      problems.invalid('spec.capacity[storage]', Number(storage), 'must be a valid resource quantity');
    problems.invalid('spec.capacity[storage]', String(storage), 'must be greater than zero');
  }
  const policy = text(spec, 'persistentVolumeReclaimPolicy') ?? '';
  if (policy !== '' && !reclaimPolicies.includes(policy))
    problems.unsupported('spec.persistentVolumeReclaimPolicy', policy, reclaimPolicies);
  const affinity = part(spec, 'nodeAffinity');
  if (affinity !== undefined) {
    const required = part(affinity, 'required');
    const terms = parts(required, 'nodeSelectorTerms');
    if (required === undefined)
      problems.required('spec.nodeAffinity.required', 'must specify required node constraints');
    else if (terms.length === 0)
      problems.required('spec.nodeAffinity.required.nodeSelectorTerms', 'must have at least one node selector term');
    terms.forEach((term, index) => {
      validateNodeTerm(term, `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`, problems);
    });
  }
  const sources = Object.keys(spec).filter((field) => !notSources.has(field));
  for (const extra of sources.slice(1)) problems.forbidden(`spec.${extra}`, 'may not specify more than 1 volume type');
  const hostPath = part(spec, 'hostPath');
  if (hostPath !== undefined) {
    const path = text(hostPath, 'path') ?? '';
    validateHostPath(hostPath, 'spec.hostPath', problems);
    if (path === '/' && policy === 'Recycle') {
      problems.forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'");
    }
  }
  if (sources.length === 0) problems.required('spec', 'must specify a volume type');
  const storageClass = text(spec, 'storageClassName') ?? '';
  if (storageClass !== '')
    for (const message of dnsSubdomain(storageClass)) problems.invalid('spec.storageClassName', storageClass, message);
  const mode = text(spec, 'volumeMode');
  if (mode !== undefined && !volumeModes.includes(mode)) problems.unsupported('spec.volumeMode', mode, volumeModes);
  const before = part(old, 'spec');
  if (before === undefined) return;
  const had = Object.keys(before).filter((field) => !notSources.has(field));
  if ([...sources, ...had].some((field) => !sameData(spec[field], before[field])))
    problems.forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation');
  if (!sameData(spec.volumeMode, before.volumeMode))
    problems.invalid('volumeMode', spec.volumeMode ?? null, 'field is immutable');
  if (before.nodeAffinity !== undefined && !sameData(spec.nodeAffinity, before.nodeAffinity)) {
    problems.invalid(
      'nodeAffinity',
      affinity === undefined ? null : goValue(affinity, nodeAffinity),
      'field is immutable, except for updating from beta label to GA',
    );
  }
};

/** A map as Go shows it. */
function sorted(map: Fields | undefined): Fields | null {
  return map === undefined ? null : Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What a claim asks for, on its own or in a template. */
export function validateClaimSpec(spec: Fields, at: string, problems: Problems): void {
  validateAccess(spec, at, 'at least 1 access mode is required', problems);
  const selector = part(spec, 'selector');
  if (selector !== undefined) validateLabelSelector(selector, `${at}.selector`, problems);
  const storage = part(part(spec, 'resources'), 'requests')?.storage;
  if (storage === undefined) problems.required(`${at}.resources[storage]`);
  else if (isQuantity(storage) && parseQuantity(storage).nanos <= 0n) {
    problems.invalid(`${at}.resources[storage]`, String(storage), 'must be greater than zero');
  }
  const storageClass = text(spec, 'storageClassName') ?? '';
  if (storageClass !== '')
    for (const message of dnsSubdomain(storageClass)) problems.invalid(`${at}.storageClassName`, storageClass, message);
  const mode = text(spec, 'volumeMode');
  if (mode !== undefined && !volumeModes.includes(mode)) problems.unsupported(`${at}.volumeMode`, mode, volumeModes);
}

const claimMessage =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

export const validatePersistentVolumeClaim: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  validateClaimSpec(spec, 'spec', problems);
  const before = part(old, 'spec');
  if (before === undefined) return;
  const bound = text(part(object, 'status'), 'phase') === 'Bound';
  const requested = (of: Fields) => part(part(of, 'resources'), 'requests')?.storage;
  if (!sameData(kept(spec, before, bound), kept(before, before, bound))) problems.forbidden('spec', claimMessage);
  const [now, was] = [requested(spec) ?? '0', requested(before) ?? '0'];
  const capacity = part(part(old, 'status'), 'capacity')?.storage ?? '0';
  if (isQuantity(now) && isQuantity(was) && isQuantity(capacity)) {
    // A claim that could not grow may go back to what it is known to have had.
    if (compareQuantities(now, was) < 0 && compareQuantities(now, capacity) <= 0)
      problems.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
  }
  if (!sameData(spec.volumeMode, before.volumeMode))
    problems.invalid('volumeMode', spec.volumeMode ?? null, 'field is immutable');
};

/** What of a claim never changes: not what may be set once, nor, of a bound one, its size and its attributes. */
function kept(spec: Fields, before: Fields, bound: boolean): Fields {
  const { volumeName, volumeAttributesClassName, storageClassName, resources, ...others } = spec;
  const { requests, ...rest } = part({ resources }, 'resources') ?? {};
  const { storage, ...more } = part({ requests }, 'requests') ?? {};
  const amounts = bound && requests !== undefined ? more : { ...more, storage };
  return {
    ...others,
    ...(text(before, 'volumeName') ? { volumeName } : {}),
    ...(before.storageClassName === undefined ? {} : { storageClassName }),
    ...(bound ? {} : { volumeAttributesClassName }),
    resources: { ...rest, requests: amounts },
  };
}
