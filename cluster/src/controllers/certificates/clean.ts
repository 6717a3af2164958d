import { X509Certificate } from 'node:crypto';
import { type CertificateSigningRequest, resources } from '@berth/kube/objects';
import type { Outcome, Reconciler } from '@berth/kube/reconcile';
import { keyOf } from '../status.ts';

const hour = 3600_000;
const decidedKept = hour;
const openKept = 24 * hour;

/** Removes requests that were decided an hour ago, waited for a day, or whose certificate has ended. */
export const certificateCleaner: Reconciler<CertificateSigningRequest> = {
  name: 'certificate-cleaner',
  resource: resources.certificateSigningRequests,
  watches: [],
  reconcile(request, _view, now): Outcome {
    const end = endOf(request);
    if (end > now) return { actions: [], requeueAfter: Math.min(end - now, openKept) };
    const { uid } = request.metadata;
    const options = uid === undefined ? {} : { options: { preconditions: { uid } } };
    return {
      actions: [{ type: 'delete', resource: resources.certificateSigningRequests, key: keyOf(request), ...options }],
    };
  },
};

/** When nobody needs the request any more, in milliseconds since the epoch. */
function endOf({ metadata, status }: CertificateSigningRequest): number {
  const { conditions = [], certificate } = status ?? {};
  if (conditions.length === 0) return Date.parse(metadata.creationTimestamp ?? '') + openKept;
  const ends = conditions.map(({ type, lastUpdateTime }) => {
    const since = Date.parse(lastUpdateTime ?? metadata.creationTimestamp ?? '');
    return since + (type === 'Approved' && !certificate ? openKept : decidedKept);
  });
  return Math.min(...ends, expiryOf(certificate));
}

function expiryOf(certificate: string | undefined): number {
  if (!certificate) return Number.POSITIVE_INFINITY;
  try {
    return Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo);
  } catch {
    // Signed by somebody else in a form of their own: the hour counts.
    return Number.POSITIVE_INFINITY;
  }
}
