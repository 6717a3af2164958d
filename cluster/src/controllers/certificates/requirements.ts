import type { RequestedCertificate } from '../../api/index.ts';

/** Why a signer does not sign what was approved: `SignerValidationFailure`'s message; undefined when it does. */
type Requirement = (request: RequestedCertificate, usages: readonly string[]) => string | undefined;

/**
 * Whom the cluster's authority signs for, and on which terms. Source: "Kubernetes signers" of the Kubernetes documentation. All
 * others are signed for by somebody else.
 */
export const signers: Readonly<Record<string, Requirement>> = {
  'kubernetes.io/kube-apiserver-client'(_request, usages) {
    const allowed = ['client auth', 'digital signature', 'key encipherment'];
    const foreign = usages.find((usage) => !allowed.includes(usage));
    if (foreign !== undefined) return `invalid usage for client certificate: ${foreign}`;
    return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
  },
  'kubernetes.io/kube-apiserver-client-kubelet'(request, usages) {
    return (
      organization(request) ??
      none('DNS', request.dnsNames) ??
      none('Email', request.emailAddresses) ??
      none('IP', request.ipAddresses) ??
      none('URI', request.uris) ??
      nodeName(request) ??
      exactly(usages, 'client auth')
    );
  },
  'kubernetes.io/kubelet-serving'(request, usages) {
    const { dnsNames, ipAddresses } = request;
    return (
      organization(request) ??
      (dnsNames.length + ipAddresses.length === 0 ? 'DNS or IP subjectAltName is required' : undefined) ??
      none('Email', request.emailAddresses) ??
      none('URI', request.uris) ??
      exactly(usages, 'server auth') ??
      nodeName(request)
    );
  },
};

function organization({ organizations }: RequestedCertificate): string | undefined {
  const isNodes = organizations.length === 1 && organizations[0] === 'system:nodes';
  return isNodes ? undefined : 'subject organization is not system:nodes';
}

function nodeName({ commonName }: RequestedCertificate): string | undefined {
  return commonName.startsWith('system:node:') ? undefined : 'subject common name does not begin with system:node:';
}

function none(kind: string, names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `${kind} subjectAltNames are not allowed`;
}

/** Keys that cannot encipher (elliptic curves) do without that usage. */
function exactly(usages: readonly string[], purpose: string): string | undefined {
  const wanted = ['digital signature', 'key encipherment', purpose];
  const given = new Set(usages);
  const needed = wanted.every((usage) => usage === 'key encipherment' || given.has(usage));
  if (needed && [...given].every((usage) => wanted.includes(usage))) return undefined;
  return `usages did not match [${wanted.sort().join(' ')}]`;
}
