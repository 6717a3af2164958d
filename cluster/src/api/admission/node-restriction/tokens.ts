import type { Pod } from '@berth/kube/objects';
import type { Authorizer } from '../../authorization/authorizer.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { AdmissionRequest } from '../admission.ts';
import { type Audiences, audienceOf } from './audiences.ts';
import { found, refuse } from './refuse.ts';

interface TokenRequestSpec {
  audiences?: readonly string[] | null;
  boundObjectRef?: { apiVersion?: string; kind?: string; name?: string; uid?: string } | null;
}

/** A node gets tokens of the service accounts of its pods: bound to the pod, and for whom the pod, or a right of its own, says. */
export function checkToken(
  { storage, authorizer }: { storage: Pick<ObjectStorage, 'get'>; authorizer: Authorizer },
  node: string,
  request: AdmissionRequest,
): void {
  const { operation, subresource, namespace, object } = request;
  if (operation !== 'CREATE' || subresource !== 'token') return;
  const { boundObjectRef: ref, audiences } = (object.spec ?? {}) as TokenRequestSpec;
  if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name) {
    refuse(request, 'node requested token not bound to a pod');
  }
  if (!ref.uid) refuse(request, 'node requested token with a pod binding without a uid');
  const pod = found(storage, { kind: 'pod', resource: 'pods' }, namespace, ref.name) as Pod;
  if (ref.uid !== pod.metadata.uid) {
    const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    refuse(request, why);
  }
  if (pod.spec?.nodeName !== node) {
    refuse(request, 'node requested token bound to a pod scheduled on a different node');
  }
  const [audience = '', ...more] = audiences ?? [];
  if (more.length > 0) refuse(request, 'node may only request 0 or 1 audiences');
  checkAudience(audienceOf(storage, pod, audience), authorizer, request, audience);
}

function checkAudience(known: Audiences, authorizer: Authorizer, request: AdmissionRequest, audience: string): void {
  if (known.isNamed) return;
  const about = JSON.stringify(audience);
  if (known.faults.length > 0) {
    const [fault = '', ...others] = known.faults;
    const faults = others.length > 0 ? `[${known.faults.join(', ')}]` : fault;
    refuse(request, `error validating audience ${about}: ${faults}`);
  }
  const { call, namespace, name } = request;
  // As resource stands the audience, as name the account. Source: KEP-4412's `ServiceAccountNodeAudienceRestriction`.
  const verb = 'request-serviceaccounts-token-audience';
  const asked = { verb, group: '', version: 'v1', resource: audience, subresource: '', namespace, name };
  if (authorizer.authorize(call.user, asked).allowed) return;
  const why = `${call.user.name} is not authorized to request tokens for this audience`;
  refuse(request, `audience ${about} not found in pod spec volume, ${why}`);
}
