import { isDeepStrictEqual } from 'node:util';
import type { Node, Pod } from '@berth/kube/objects';
import { type ClaimStatuses, configMapsOf, secretsOf } from '../../authorization/node/index.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { AdmissionRequest } from '../admission.ts';
import { sourceOf } from './pod-references.ts';
import { found, refuse } from './refuse.ts';

const mirrorAnnotation = 'kubernetes.io/config.mirror';
const quoted = JSON.stringify;

type Objects = Pick<ObjectStorage, 'get'>;

/** A node makes and deletes pods that mirror what it runs by itself. */
export function checkPod(storage: Objects, node: string, request: AdmissionRequest): void {
  const { operation, old } = request;
  const me = `node ${quoted(node)}`;
  if (operation === 'CREATE') checkNewPod(storage, node, request);
  else if (operation === 'UPDATE') {
    refuse(request, `unexpected operation "UPDATE", ${me} can only create and delete mirror pods`);
  } else if ((old as Pod | undefined)?.spec?.nodeName !== node) {
    refuse(request, `${me} can only delete pods with spec.nodeName set to itself`);
  }
}

function checkNewPod(storage: Objects, node: string, request: AdmissionRequest): void {
  const pod = request.object as Pod;
  const me = `node ${quoted(node)}`;
  if (pod.metadata.annotations?.[mirrorAnnotation] === undefined) {
    refuse(request, `pod does not have ${quoted(mirrorAnnotation)} annotation, ${me} can only create mirror pods`);
  }
  if (pod.spec?.nodeName !== node) {
    refuse(request, `${me} can only create pods with spec.nodeName set to itself`);
  }
  const [owner, ...others] = pod.metadata.ownerReferences ?? [];
  if (others.length > 0) {
    refuse(request, `${me} can only create pods with a single owner reference set to itself`);
  }
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    refuse(request, `${me} can only create pods with an owner reference set to itself`);
  }
  if (!owner.controller) {
    refuse(request, `${me} can only create pods with a controller owner reference set to itself`);
  }
  if (owner.blockOwnerDeletion) refuse(request, `${me} must not set blockOwnerDeletion on an owner reference`);
  const { uid } = (found(storage, { kind: 'node', resource: 'nodes' }, undefined, node) as Node).metadata;
  if (owner.uid !== uid) refuse(request, `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`);
  checkReferences(pod, request, `${me} can not create pods that reference`);
}

/** Whoever could make a pod that names a Secret could read it. Source: Kubernetes' `podutil.HasAPIObjectReference`. */
function checkReferences(pod: Pod, request: AdmissionRequest, may: string): void {
  const { serviceAccountName, resourceClaims, volumes } = pod.spec ?? {};
  if (serviceAccountName) refuse(request, `${may} serviceaccounts`);
  if (secretsOf(pod).length > 0) refuse(request, `${may} secrets`);
  if (configMapsOf(pod).length > 0) refuse(request, `${may} configmaps`);
  if ((resourceClaims ?? []).length > 0) refuse(request, `${may} resourceclaims`);
  for (const volume of volumes ?? []) {
    const { reference, unknown } = sourceOf(volume);
    if (unknown !== undefined) refuse(request, `error checking mirror pod for API references: ${unknown}`);
    if (reference !== undefined) refuse(request, `${may} ${reference}`);
  }
}

/** A node says how the pods fare that are bound to it, and nothing that others go by. */
export function checkPodStatus(node: string, request: AdmissionRequest): void {
  const { operation, object, old } = request;
  if (operation !== 'UPDATE') refuse(request, `unexpected operation ${quoted(operation)}`);
  const [before, after] = [old as Pod, object as Pod];
  const me = `node ${quoted(node)}`;
  if (before.spec?.nodeName !== node) {
    refuse(request, `${me} can only update pod status for pods with spec.nodeName set to itself`);
  }
  if (!isDeepStrictEqual(before.metadata.labels ?? {}, after.metadata.labels ?? {})) {
    refuse(request, `${me} cannot update labels through pod status`);
  }
  const [was, is] = [claimsIn(before), claimsIn(after)];
  if (!isDeepStrictEqual(was.claims, is.claims)) refuse(request, `${me} cannot update resource claim statues`);
  if (!isDeepStrictEqual(was.extended, is.extended)) {
    refuse(request, `${me} cannot update extended resource claim status`);
  }
}

function claimsIn({ status }: Pod) {
  const { resourceClaimStatuses, extendedResourceClaimStatus: extended } = (status ?? {}) as ClaimStatuses;
  return {
    claims: (resourceClaimStatuses ?? []).map(({ name, resourceClaimName }) => [name, resourceClaimName ?? undefined]),
    extended: extended && [
      extended.resourceClaimName,
      (extended.requestMappings ?? []).map((mapping) => ({ ...mapping })),
    ],
  };
}

/** A node evicts the pods that are bound to it. */
export function checkPodEviction(storage: Objects, node: string, request: AdmissionRequest): void {
  const { operation, namespace, name, object } = request;
  if (operation !== 'CREATE') refuse(request, `unexpected operation ${operation}`);
  const named = name || object.metadata.name;
  if (!named) refuse(request, 'could not determine pod from request data');
  const pod = found(storage, { kind: 'pod', resource: 'pods' }, namespace, named) as Pod;
  if (pod.spec?.nodeName === node) return;
  refuse(request, `node ${node} can only evict pods with spec.nodeName set to itself`);
}
