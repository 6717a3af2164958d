import { ageColumn, column, describeKinds, nameColumn, status } from './describe.ts';

/** `admissionregistration.k8s.io/v1`. */
export const admissionregistration = describeKinds(
  { group: 'admissionregistration.k8s.io', version: 'v1', definitions: 'io.k8s.api.admissionregistration.v1' },
  [
    {
      kind: 'MutatingWebhookConfiguration',
      resource: 'mutatingwebhookconfigurations',
      categories: ['api-extensions'],
      scope: 'Cluster',
      columns: [nameColumn, column('Webhooks', undefined, 'integer'), ageColumn],
    },
    {
      kind: 'ValidatingAdmissionPolicy',
      resource: 'validatingadmissionpolicies',
      categories: ['api-extensions'],
      scope: 'Cluster',
      subresources: [status],
      columns: [nameColumn, column('Validations', undefined, 'integer'), column('ParamKind'), ageColumn],
    },
    {
      kind: 'ValidatingAdmissionPolicyBinding',
      resource: 'validatingadmissionpolicybindings',
      categories: ['api-extensions'],
      scope: 'Cluster',
      columns: [nameColumn, column('PolicyName', '.spec.policyName'), column('ParamRef'), ageColumn],
    },
    {
      kind: 'ValidatingWebhookConfiguration',
      resource: 'validatingwebhookconfigurations',
      categories: ['api-extensions'],
      scope: 'Cluster',
      columns: [nameColumn, column('Webhooks', undefined, 'integer'), ageColumn],
    },
  ],
);
