import type { KubeObject } from '@berth/kube/objects';
import { sameData } from '@berth/kube/patch';
import { templateGeneration } from '@berth/kube/schema';
import type { ServedKind } from '../kinds.ts';

type Fields = Record<string, unknown>;

/** What a write through a part of an object may change; everything else stays as it is. */
interface Part {
  /**
   * Fields that the writer cannot own, with all below them: it only seems to write them. `only` turns it round; `*` is
   * any element of a list.
   */
  ignored?: readonly string[];
  only?: readonly string[];
  /** What is to be kept of `proposed`; `metadata` has the server's own fields already. May change neither. */
  take(proposed: KubeObject, current: KubeObject): KubeObject;
}

const ephemeralContainers: Part = {
  only: ['spec.ephemeralContainers'],
  take: (proposed, current) => ({
    ...current,
    metadata: metadataOf(current, proposed),
    spec: withField(current.spec, 'ephemeralContainers', fieldsOf(proposed.spec).ephemeralContainers),
  }),
};

const resize: Part = {
  only: ['containers', 'initContainers'].flatMap((list) => [`spec.${list}.*.resources`, `spec.${list}.*.resizePolicy`]),
  take(proposed, current) {
    const metadata = metadataOf(current, proposed);
    const [next, old] = [fieldsOf(proposed.spec), fieldsOf(current.spec)];
    const spec: Fields = { ...old };
    for (const list of ['containers', 'initContainers']) {
      const [theirs, ours] = [listOf(next[list]), listOf(old[list])];
      // Containers may not come, go or change places: validation says so of what is left as it is.
      if (theirs.length !== ours.length) return proposed;
      const named = theirs.every((container, index) => container.name === ours[index]?.name);
      spec[list] = named ? ours.map((container, index) => resized(container, theirs[index])) : theirs;
      if (ours.length === 0) delete spec[list];
    }
    return { ...current, metadata, spec };
  },
};

const finalize: Part = {
  ignored: ['status'],
  take: (proposed, current) => withStatus(proposed, current.status),
};

const approval: Part = {
  ignored: ['spec', 'status.certificate'],
  take: (proposed, current) => ({
    ...current,
    metadata: proposed.metadata,
    status: withField(current.status, 'conditions', fieldsOf(proposed.status).conditions),
  }),
};

const parts: Readonly<Record<string, Part>> = { ephemeralcontainers: ephemeralContainers, resize, finalize, approval };

/** Kinds of which a write to the status may change less than status and metadata. */
const statusOwn: Readonly<Record<string, { ignored: readonly string[]; kept: readonly string[] }>> = {
  '/Pod': { ignored: ['spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences'], kept: ['ownerReferences'] },
  'apps/Deployment': { ignored: ['spec', 'metadata.labels'], kept: ['labels'] },
  'certificates.k8s.io/CertificateSigningRequest': { ignored: ['spec', 'status.conditions'], kept: [] },
};

/** Kinds of which a write to the status changes no metadata, but who owns what. */
const statusAlone = new Set([
  'flowcontrol.apiserver.k8s.io/FlowSchema',
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration',
  'storage.k8s.io/VolumeAttachment',
]);

function statusPart({ description, isCustom }: ServedKind): Part {
  const key = `${description.group}/${description.kind}`;
  const own = Object.hasOwn(statusOwn, key) ? statusOwn[key] : undefined;
  const alone = isCustom || statusAlone.has(key);
  return {
    // Of custom kinds too the metadata stays, and yet its writer is recorded as its owner.
    ignored: own?.ignored ?? (alone && !isCustom ? ['metadata', 'spec'] : ['spec']),
    take(proposed, current) {
      const metadata = alone ? metadataOf(current, proposed) : { ...proposed.metadata };
      const fields = metadata as unknown as Fields;
      const kept = current.metadata as unknown as Fields;
      for (const field of own?.kept ?? []) {
        if (kept[field] === undefined) delete fields[field];
        else fields[field] = kept[field];
      }
      return withStatus({ ...current, metadata }, proposed.status);
    },
  };
}

/** The object itself: all but its status, where that is written apart. */
function wholePart({ description }: ServedKind): Part {
  if (!description.hasStatus) return { take: (proposed) => proposed };
  const isRequest = description.kind === 'CertificateSigningRequest' && description.group === 'certificates.k8s.io';
  const isDaemonSet = description.kind === 'DaemonSet' && description.group === 'apps';
  const isNamespace = description.kind === 'Namespace' && description.group === '';
  return {
    ignored: isRequest ? ['spec', 'status'] : ['status'],
    take(proposed, current) {
      const next = withStatus(proposed, current.status);
      if (isDaemonSet) return counted(next, current);
      if (isRequest) next.spec = current.spec;
      if (isNamespace) next.spec = withField(proposed.spec, 'finalizers', fieldsOf(current.spec).finalizers);
      return next;
    },
  };
}

/** A daemon set says how often its template changed; nobody else counts. */
function counted(next: KubeObject, current: KubeObject): KubeObject {
  const count = Number(current.metadata.annotations?.[templateGeneration] ?? '1');
  const same = sameData(fieldsOf(next.spec).template, fieldsOf(current.spec).template);
  const annotations = { ...next.metadata.annotations, [templateGeneration]: String(same ? count : count + 1) };
  return { ...next, metadata: { ...next.metadata, annotations } };
}

/** The subresources that travel as the whole object and change one part of it. */
export const wholeObjectSubresources: readonly string[] = ['status', ...Object.keys(parts)];

/** What a write through `subresource` (or to the object itself, '') changes. Those that act (`binding`) know it themselves. */
export function partOf(kind: ServedKind, subresource: string): Part {
  if (subresource === '') return wholePart(kind);
  if (subresource === 'status') return statusPart(kind);
  if (subresource === 'scale') {
    return { only: [(kind.scale?.specReplicas ?? ['spec', 'replicas']).join('.')], take: (proposed) => proposed };
  }
  return (Object.hasOwn(parts, subresource) ? parts[subresource] : undefined) ?? { take: (proposed) => proposed };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? (value as Fields[]) : [];
}

function withField(part: unknown, name: string, value: unknown): Fields {
  const { [name]: _, ...rest } = fieldsOf(part);
  return value === undefined ? rest : { ...rest, [name]: value };
}

function withStatus(object: KubeObject, status: unknown): KubeObject {
  const { status: _, ...rest } = object;
  return status === undefined ? rest : { ...rest, status };
}

/** The metadata as it is, with who owns what as the write has it. */
function metadataOf(current: KubeObject, proposed: KubeObject): KubeObject['metadata'] {
  const { managedFields: _, ...metadata } = current.metadata;
  const { managedFields } = proposed.metadata;
  return managedFields === undefined ? metadata : { ...metadata, managedFields };
}

function resized(container: Fields, proposed: Fields | undefined): Fields {
  return withField(withField(container, 'resources', proposed?.resources), 'resizePolicy', proposed?.resizePolicy);
}
