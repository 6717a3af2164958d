import { ageColumn, byPath, column, describeKinds, nameColumn, status } from './describe.ts';

/** `certificates.k8s.io/v1`. */
export const certificates = describeKinds(
  { group: 'certificates.k8s.io', version: 'v1', definitions: 'io.k8s.api.certificates.v1' },
  [
    {
      kind: 'CertificateSigningRequest',
      resource: 'certificatesigningrequests',
      shortNames: ['csr'],
      scope: 'Cluster',
      naming: 'path-segment',
      subresources: [{ name: 'approval', verbs: ['get', 'patch', 'update'] }, status],
      fieldSelectors: byPath('spec.signerName'),
      columns: [
        nameColumn,
        ageColumn,
        column('SignerName', '.spec.signerName'),
        column('Requestor', '.spec.username'),
        column('RequestedDuration'),
        column('Condition'),
      ],
    },
  ],
);
