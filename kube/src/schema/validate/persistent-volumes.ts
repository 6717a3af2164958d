import { sameData } from '../../patch/index.ts';
import { compareQuantities, isQuantity, parseQuantity } from '../../quantity/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
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
    problems.unsupported('spec.capacity', capacity ?? null, ['storage']);
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
    if (path === '') problems.required('spec.hostPath.path');
    else if (path.split('/').includes('..')) problems.invalid('spec.hostPath.path', path, "must not contain '..'");
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
  for (const field of sources) {
    if (!sameData(spec[field], before[field])) {
      problems.forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation');
      break;
    }
  }
  if (!sameData(spec.volumeMode, before.volumeMode))
    problems.invalid('spec.volumeMode', spec.volumeMode ?? null, 'field is immutable');
  if (before.nodeAffinity !== undefined && !sameData(spec.nodeAffinity, before.nodeAffinity)) {
    problems.invalid(
      'spec.nodeAffinity',
      spec.nodeAffinity ?? null,
      'field is immutable, except for updating from beta label to GA',
    );
  }
};

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
  const requests = part(part(spec, 'resources'), 'requests');
  const oldRequests = part(part(before, 'resources'), 'requests');
  const fixed = ({ volumeName, volumeAttributesClassName, storageClassName, resources, ...kept }: Fields) => ({
    ...kept,
    resources: bound ? { ...part({ resources }, 'resources'), requests: undefined } : resources,
  });
  const rebound = text(before, 'volumeName') !== undefined && spec.volumeName !== before.volumeName;
  const reclassed = before.storageClassName !== undefined && spec.storageClassName !== before.storageClassName;
  if (rebound || reclassed || !sameData(fixed(spec), fixed(before))) {
    problems.forbidden('spec', claimMessage);
    return;
  }
  const [now, then] = [requests?.storage, oldRequests?.storage];
  if (bound && isQuantity(now) && isQuantity(then) && compareQuantities(now, then) < 0) {
    problems.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
  }
};
