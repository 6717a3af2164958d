import { isDeepStrictEqual } from 'node:util';
import { mastersGroup } from '@berth/kube/rbac';
import type { Authorizer } from '../authorization/authorizer.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import { refuse } from './node-restriction/refuse.ts';

interface SigningRequest {
  spec?: { signerName?: string; request?: string };
  status?: { certificate?: string; conditions?: readonly object[] };
}

const clientSigner = 'kubernetes.io/kube-apiserver-client';

/**
 * Who may write a request for a certificate decides nothing by that: to approve or to sign one takes that right for its signer as well,
 * and no certificate makes its holder a member of `system:masters`. Source: the plugins CertificateApproval, CertificateSigning and
 * CertificateSubjectRestriction of `k8s.io/kubernetes/plugin/pkg/admission/certificates`.
 */
export function certificateSigners(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateSigners',
    resources: ['certificates.k8s.io/certificatesigningrequests'],
    async check(request) {
      if (request.operation === 'CREATE' && request.subresource === '') await checkSubject(request);
      if (request.operation !== 'UPDATE') return;
      if (request.subresource === 'approval') checkSigner(authorizer, request, 'approve');
      else if (request.subresource === 'status' && isSigning(request)) checkSigner(authorizer, request, 'sign');
    },
  };
}

/** By the signer that it had: what it is to have is for validation. */
function checkSigner(authorizer: Authorizer, request: AdmissionRequest, verb: 'approve' | 'sign'): void {
  const { signerName = '' } = (request.old as SigningRequest | undefined)?.spec ?? {};
  const [domain = ''] = signerName.split('/');
  const about = {
    verb,
    group: 'certificates.k8s.io',
    version: '*',
    resource: 'signers',
    subresource: '',
    namespace: '',
  };
  const may = (name: string) => authorizer.authorize(request.call.user, { ...about, name }).allowed;
  if (may(signerName) || may(`${domain}/*`)) return;
  refuse(request, `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`);
}

/** Whether the certificate or what is said of the request changes. */
function isSigning({ object, old }: AdmissionRequest): boolean {
  const [now, before] = [object as SigningRequest, old as SigningRequest | undefined];
  const of = (request: SigningRequest | undefined) => [request?.status?.certificate, request?.status?.conditions ?? []];
  return !isDeepStrictEqual(of(now), of(before));
}

async function checkSubject(request: AdmissionRequest): Promise<void> {
  const { signerName, request: text = '' } = (request.object as SigningRequest).spec ?? {};
  if (signerName !== clientSigner) return;
  let organizations: readonly string[];
  try {
    const { readRequest } = await import('../certificates/issue.ts');
    ({ organizations } = await readRequest(Buffer.from(text, 'base64').toString()));
  } catch (error) {
    refuse(request, `failed to parse CSR: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (organizations.includes(mastersGroup))
    refuse(request, `use of ${clientSigner} signer with ${mastersGroup} group is not allowed`);
}
