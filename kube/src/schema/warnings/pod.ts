import { formatQuantity, parseQuantity } from '../../quantity/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { deprecatedLabel, nodeTermWarnings } from './node-labels.ts';
import { type LocatedContainer, portWarnings } from './ports.ts';
import { overlapWarnings } from './volume-paths.ts';

/** A path below another, which may be the object itself (''). */
const below = (path: string, field: string) => (path === '' ? field : `${path}.${field}`);

/** What Kubernetes warns of in a pod (`path` is '') or in the template of pods at `path`. */
export function podWarnings(pod: Fields | undefined, path: string): string[] {
  const spec = part(pod, 'spec') ?? {};
  const at = below(path, 'spec');
  const annotations = part(part(pod, 'metadata'), 'annotations') ?? {};
  const annotated = (key: string, said: string) =>
    Object.hasOwn(annotations, key) ? [`${below(path, 'metadata')}.annotations[${key}]: ${said}`] : [];
  const seccomp = (of: Fields | undefined, key: string) =>
    part(part(of, 'securityContext'), 'seccompProfile') === undefined
      ? annotated(key, 'non-functional in v1.27+; use the "seccompProfile" field instead')
      : [];
  return [
    ...placementWarnings(spec, at),
    ...deprecatedAnnotations.flatMap(([key, said]) => annotated(key, said)),
    ...volumeWarnings(spec, at),
    ...overlapWarnings(parts(spec, 'volumes')),
    ...repeated(parts(spec, 'hostAliases'), `${at}.hostAliases`, 'ip'),
    ...repeated(parts(spec, 'imagePullSecrets'), `${at}.imagePullSecrets`, 'name'),
    ...parts(spec, 'imagePullSecrets').flatMap((secret, index) =>
      (text(secret, 'name') ?? '') === '' ? [`${at}.imagePullSecrets[${index}].name: invalid empty name ""`] : [],
    ),
    ...fractionWarnings(part(spec, 'overhead'), `${at}.overhead`),
    ...seccomp(spec, 'seccomp.security.alpha.kubernetes.io/pod'),
    ...containersOf(spec, at).flatMap(({ container, path: within }) => [
      ...seccomp(container, `container.seccomp.security.alpha.kubernetes.io/${text(container, 'name') ?? ''}`),
      ...containerWarnings(container, within),
    ]),
    ...portWarnings(containersOf(spec, at)),
    ...(typeof spec.terminationGracePeriodSeconds === 'number' && spec.terminationGracePeriodSeconds < 0
      ? [`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...affinityWarnings(spec, at),
  ];
}

const deprecatedAnnotations = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
] as const;

/** In the order in which Kubernetes visits them. */
function containersOf(spec: Fields, at: string): LocatedContainer[] {
  return ['initContainers', 'containers', 'ephemeralContainers'].flatMap((field) =>
    parts(spec, field).map((container, index) => ({ container, path: `${at}.${field}[${index}]` })),
  );
}

function placementWarnings(spec: Fields, at: string): string[] {
  const nodes = part(part(spec, 'affinity'), 'nodeAffinity');
  const affinity = `${at}.affinity.nodeAffinity`;
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  return [
    ...Object.keys(part(spec, 'nodeSelector') ?? {}).flatMap((key) =>
      deprecatedLabel(key).map((said) => `${at}.nodeSelector[${key}]: ${said}`),
    ),
    ...parts(part(nodes, required), 'nodeSelectorTerms').flatMap((term, index) =>
      nodeTermWarnings(term, `${affinity}.${required}.nodeSelectorTerms[${index}]`),
    ),
    ...parts(nodes, preferred).flatMap((term, index) =>
      nodeTermWarnings(part(term, 'preference'), `${affinity}.${preferred}[${index}].preference`, { values: true }),
    ),
    ...parts(spec, 'topologySpreadConstraints').flatMap((constraint, index) => {
      const within = `${at}.topologySpreadConstraints[${index}]`;
      const key = text(constraint, 'topologyKey') ?? '';
      return [
        ...deprecatedLabel(key).map((said) => `${within}.topologyKey: ${key} is ${said}`),
        ...nullSelector(constraint, within),
      ];
    }),
  ];
}

function affinityWarnings(spec: Fields, at: string): string[] {
  return ['podAffinity', 'podAntiAffinity'].flatMap((kind) => {
    const terms = part(part(spec, 'affinity'), kind);
    const path = `${at}.affinity.${kind}`;
    const required = 'requiredDuringSchedulingIgnoredDuringExecution';
    const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
    return [
      ...parts(terms, required).flatMap((term, index) => nullSelector(term, `${path}.${required}[${index}]`)),
      ...parts(terms, preferred).flatMap((term, index) =>
        nullSelector(part(term, 'podAffinityTerm'), `${path}.${preferred}[${index}].podAffinityTerm`),
      ),
    ];
  });
}

function nullSelector(term: Fields | undefined, path: string): string[] {
  if (part(term, 'labelSelector') !== undefined) return [];
  return [`${path}.labelSelector: a null labelSelector results in matching no pod`];
}

const deprecatedVolumes = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const;

function volumeWarnings(spec: Fields, at: string): string[] {
  return parts(spec, 'volumes').flatMap((volume, index) => {
    const path = `${at}.volumes[${index}]`;
    const claim = part(part(part(volume, 'ephemeral'), 'volumeClaimTemplate'), 'spec');
    return [
      ...deprecatedVolumes.flatMap(([field, said]) =>
        volume[field] === undefined ? [] : [`${path}.${field === 'storageos' ? 'storageOS' : field}: ${said}`],
      ),
      ...claimWarnings(claim, `${path}.ephemeral.volumeClaimTemplate.spec`),
    ];
  });
}

/** Of the specification of a claim. */
export function claimWarnings(spec: Fields | undefined, path: string): string[] {
  const resources = part(spec, 'resources');
  return ['requests', 'limits'].flatMap((field) =>
    fractionWarnings(part(resources, field), `${path}.resources.${field}`, ['storage']),
  );
}

/** Bytes that are no whole number. */
function fractionWarnings(
  amounts: Fields | undefined,
  path: string,
  names: readonly string[] = ['memory', 'ephemeral-storage'],
): string[] {
  return names.flatMap((name) => {
    const amount = amounts?.[name];
    if (typeof amount !== 'string' && typeof amount !== 'number') return [];
    const quantity = parseQuantity(amount);
    if (quantity.nanos % 1_000_000_000n === 0n) return [];
    return [`${path}[${name}]: fractional byte value "${formatQuantity(quantity)}" is invalid, must be an integer`];
  });
}

function containerWarnings(container: Fields, path: string): string[] {
  const resources = part(container, 'resources');
  return [
    ...(['memory', 'ephemeral-storage'] as const).flatMap((name) =>
      ['limits', 'requests'].flatMap((field) =>
        fractionWarnings(part(resources, field), `${path}.resources.${field}`, [name]),
      ),
    ),
    ...hiddenVariables(container, path),
  ];
}

/** A variable may be given twice to add to it, and then names itself. */
function hiddenVariables(container: Fields, path: string): string[] {
  const seen = new Set<string>();
  return parts(container, 'env').flatMap((variable, index) => {
    const name = text(variable, 'name') ?? '';
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const value = text(variable, 'value') ?? '';
    const itself = `$(${name})`;
    if (variable.valueFrom === undefined && value !== itself && value.includes(itself)) return [];
    const hidden = JSON.stringify(name);
    return [`${path}.env[${index}]: hides previous definition of ${hidden}, which may be dropped when using apply`];
  });
}

function repeated(items: readonly Fields[], path: string, field: string): string[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const value = text(item, field) ?? '';
    if (seen.has(value)) return [`${path}[${index}].${field}: duplicate ${field} ${JSON.stringify(value)}`];
    seen.add(value);
    return [];
  });
}
