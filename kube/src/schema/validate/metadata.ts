import type { KubeObject } from '../../objects/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import type { KindDescription } from '../types.ts';
import {
  dns1035Label,
  dnsLabel,
  dnsSubdomain,
  finalizerDomain,
  immutableMessage,
  labelValue,
  longName,
  pathSegment,
  qualifiedName,
} from './names.ts';
import type { Problems } from './problems.ts';

const nameChecks = {
  'dns-subdomain': dnsSubdomain,
  'dns-label': dnsLabel,
  'dns1035-label': dns1035Label,
  'long-name': longName,
  'path-segment': pathSegment,
  none: () => [],
};

const annotationsLimit = 256 * 1024;

/** `metadata` of an object of any kind. Reviews, which are never stored, need no name. */
export function validateMetadata(kind: KindDescription, object: KubeObject, problems: Problems): void {
  const metadata = object.metadata as unknown as Fields;
  const stored = kind.verbs.includes('get') || kind.verbs.includes('update');
  const check = nameChecks[kind.naming];
  const generateName = text(metadata, 'generateName') ?? '';
  const name = text(metadata, 'name') ?? '';
  if (generateName !== '') {
    const stem = generateName.endsWith('-') ? `${generateName.slice(0, -1)}a` : generateName;
    for (const message of check(stem)) problems.invalid('metadata.generateName', generateName, message);
  }
  if (name === '') {
    if (stored && generateName === '') problems.required('metadata.name', 'name or generateName is required');
  } else {
    for (const message of check(name)) problems.invalid('metadata.name', name, message);
  }
  const namespace = text(metadata, 'namespace');
  if (kind.namespaced && stored && !namespace) problems.required('metadata.namespace');
  else if (kind.namespaced && namespace) {
    for (const message of dnsLabel(namespace)) problems.invalid('metadata.namespace', namespace, message);
  } else if (!kind.namespaced && namespace) {
    problems.forbidden('metadata.namespace', 'not allowed on this type');
  }
  validateLabels(part(metadata, 'labels'), 'metadata.labels', problems);
  validateAnnotations(part(metadata, 'annotations'), 'metadata.annotations', problems);
  validateOwners(metadata, problems);
  validateFinalizers(kind, metadata, problems);
}

export function validateLabels(labels: Fields | undefined, path: string, problems: Problems): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const message of qualifiedName(key)) problems.invalid(path, key, message);
    for (const message of labelValue(String(value))) problems.invalid(path, value, message);
  }
}

export function validateAnnotations(annotations: Fields | undefined, path: string, problems: Problems): void {
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const message of qualifiedName(key.toLowerCase())) problems.invalid(path, key, message);
    size += Buffer.byteLength(key) + Buffer.byteLength(String(value));
  }
  if (size > annotationsLimit) problems.tooLong(path, annotationsLimit);
}

function validateFinalizers(kind: KindDescription, metadata: Fields, problems: Problems): void {
  // Definitions and custom kinds may have any qualified name: their own cleanup has no domain.
  const needsDomain = kind.schema.startsWith('io.k8s.api.');
  const finalizers = Array.isArray(metadata.finalizers) ? metadata.finalizers : [];
  const path = 'metadata.finalizers';
  for (const finalizer of finalizers) {
    // Kubernetes does not say which of them it means.
    for (const message of qualifiedName(String(finalizer))) problems.invalid(path, String(finalizer), message);
  }
  if (!needsDomain) return;
  finalizers.forEach((finalizer, index) => {
    for (const message of finalizerDomain(String(finalizer)))
      problems.invalid(`${path}[${index}]`, String(finalizer), message);
  });
}

function validateOwners(metadata: Fields, problems: Problems): void {
  let controller: Fields | undefined;
  const path = 'metadata.ownerReferences';
  const owners = parts(metadata, 'ownerReferences');
  owners.forEach((owner) => {
    // Kubernetes does not say which reference it means.
    if (!text(owner, 'apiVersion'))
      problems.invalid(`${path}.apiVersion`, text(owner, 'apiVersion') ?? '', 'version must not be empty');
    for (const field of ['kind', 'name', 'uid']) {
      if (!text(owner, field)) problems.invalid(`${path}.${field}`, text(owner, field) ?? '', 'must not be empty');
    }
    if (owner.controller !== true) return;
    if (controller !== undefined) {
      problems.invalid(
        path,
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${controller.kind}/${controller.name} and ${owner.kind}/${owner.name}`,
      );
    }
    controller = owner;
  });
}

/** What of `metadata` never changes. */
export function validateMetadataUpdate(object: KubeObject, old: KubeObject, problems: Problems): void {
  if (old.metadata.deletionTimestamp !== undefined) {
    const before = new Set(old.metadata.finalizers);
    const added = (object.metadata.finalizers ?? []).filter((finalizer) => !before.has(finalizer));
    if (added.length > 0) {
      problems.forbidden(
        'metadata.finalizers',
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((finalizer) => JSON.stringify(finalizer)).join(', ')}}`,
      );
    }
  }
  const fields = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'];
  const [now, before] = [object.metadata, old.metadata] as unknown as [Fields, Fields];
  for (const field of fields) {
    if (now[field] !== undefined && now[field] !== before[field])
      problems.invalid(`metadata.${field}`, now[field], immutableMessage);
  }
}
