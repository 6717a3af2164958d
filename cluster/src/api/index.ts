export { createApi } from './api.ts';
export {
  type AuditSettings,
  auditPlace,
  loadPolicy,
  openAudit,
  usualAuditLimits,
  type Verdict,
  verifyAuditLog,
} from './audit/index.ts';
export { readAuthentication } from './authentication/jwt/index.ts';
export { nodeUser } from './authorization/node/index.ts';
export { identities } from './bootstrap/identities.ts';
export {
  type CertificateOptions,
  type Certificates,
  makeCertificates,
  makeNodeCertificate,
} from './certificates/certificates.ts';
export { clientCertificate } from './certificates/client-certificate.ts';
export type { RequestedCertificate } from './certificates/issue.ts';
export { type Kubeconfig, kubeconfig } from './certificates/kubeconfig.ts';
export { type CertificateSigner, certificateSigner } from './certificates/sign.ts';
export type { NodeAccess, NodeAnswer, PodUse, Use } from './nodes/index.ts';
export type * from './streaming/types.ts';
export type * from './types.ts';
