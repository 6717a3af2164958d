import { type CertificateSigningRequest, resources } from '@berth/kube/objects';
import type { Action, Reconciler } from '@berth/kube/reconcile';
import type { CertificateSigner } from '../../api/index.ts';
import { rfc3339 } from '../conditions.ts';
import { keyOf } from '../status.ts';
import { signers } from './requirements.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** What nobody asks to be shorter is valid so long. */
const longest = 365 * day;
const shortest = 10 * minute;
/** Clocks of those who read a certificate may be behind by so much. */
const backdated = 5 * minute;

/**
 * Signs the requests that were approved, for the cluster's own signers; one that does not meet its signer's terms gets the condition
 * `Failed`. Source: "Certificates and Certificate Signing Requests" of the Kubernetes documentation.
 */
export function certificateSigningController(signer: CertificateSigner): Reconciler<CertificateSigningRequest> {
  return {
    name: 'certificate-controller',
    resource: resources.certificateSigningRequests,
    watches: [],
    reconcile(request, _view, now) {
      const { conditions = [], certificate } = request.status ?? {};
      const is = (type: string) => conditions.some((each) => each.type === type && each.status === 'True');
      const requirement = Object.hasOwn(signers, request.spec.signerName)
        ? signers[request.spec.signerName]
        : undefined;
      if (certificate || !requirement || !is('Approved') || is('Denied') || is('Failed')) return { actions: [] };
      const pem = Buffer.from(request.spec.request, 'base64').toString();
      const usages = request.spec.usages ?? [];
      const answer = async (): Promise<Action[]> => {
        const refused = requirement(await signer.read(pem), usages);
        if (refused !== undefined) return [failure(request, refused, now)];
        const signed = await signer.sign(pem, { usages, ...validity(request.spec.expirationSeconds, now) });
        return [statusPatch(request, { certificate: Buffer.from(signed).toString('base64') })];
      };
      return { actions: [{ type: 'ask', what: `signature of ${request.metadata.name}`, answer }] };
    },
  };
}

/** A short life is given whole, a long one counts from where it is dated back to. */
function validity(expirationSeconds: number | undefined, now: number): { notBefore: Date; notAfter: Date } {
  const asked = expirationSeconds === undefined ? longest : expirationSeconds * 1000;
  const life = Math.min(Math.max(asked, shortest), longest);
  return { notBefore: new Date(now - backdated), notAfter: new Date(now + life - (life < 8 * hour ? 0 : backdated)) };
}

function failure(request: CertificateSigningRequest, message: string, now: number): Action {
  const time = rfc3339(now);
  const failed = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message };
  const conditions = [
    ...(request.status?.conditions ?? []),
    { ...failed, lastUpdateTime: time, lastTransitionTime: time },
  ];
  return statusPatch(request, { conditions });
}

/** With the version: what was denied meanwhile is not signed. */
function statusPatch(request: CertificateSigningRequest, status: object): Action {
  const { uid, resourceVersion } = request.metadata;
  const body = { metadata: { uid, resourceVersion }, status };
  const resource = resources.certificateSigningRequests;
  return { type: 'patch', resource, key: keyOf(request), patch: { type: 'merge', body }, subresource: 'status' };
}
