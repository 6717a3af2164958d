import { ageColumn, column, describeKinds, nameColumn, status } from './describe.ts';

const group = 'admissionregistration.k8s.io';
const ofCluster = { categories: ['api-extensions'], scope: 'Cluster' } as const;
const webhookColumns = [nameColumn, column('Webhooks', undefined, 'integer'), ageColumn];
const bindingColumns = [nameColumn, column('PolicyName', '.spec.policyName'), column('ParamRef'), ageColumn];

const stable = describeKinds({ group, version: 'v1', definitions: 'io.k8s.api.admissionregistration.v1' }, [
  {
    ...ofCluster,
    kind: 'MutatingWebhookConfiguration',
    resource: 'mutatingwebhookconfigurations',
    columns: webhookColumns,
  },
  {
    ...ofCluster,
    kind: 'ValidatingAdmissionPolicy',
    resource: 'validatingadmissionpolicies',
    subresources: [status],
    columns: [nameColumn, column('Validations', undefined, 'integer'), column('ParamKind'), ageColumn],
  },
  {
    ...ofCluster,
    kind: 'ValidatingAdmissionPolicyBinding',
    resource: 'validatingadmissionpolicybindings',
    columns: bindingColumns,
  },
  {
    ...ofCluster,
    kind: 'ValidatingWebhookConfiguration',
    resource: 'validatingwebhookconfigurations',
    columns: webhookColumns,
  },
]);

/**
 * In v1.35 a cluster serves these when it is asked to (`--runtime-config`, feature MutatingAdmissionPolicy). They became
 * stable with the same fields, so that the definitions are those of v1.
 */
const beta = describeKinds({ group, version: 'v1beta1', definitions: 'io.k8s.api.admissionregistration.v1' }, [
  {
    ...ofCluster,
    kind: 'MutatingAdmissionPolicy',
    resource: 'mutatingadmissionpolicies',
    columns: [nameColumn, column('Mutations', undefined, 'integer'), column('ParamKind'), ageColumn],
  },
  {
    ...ofCluster,
    kind: 'MutatingAdmissionPolicyBinding',
    resource: 'mutatingadmissionpolicybindings',
    columns: bindingColumns,
  },
]);

/** `admissionregistration.k8s.io`. */
export const admissionregistration = [...stable, ...beta];
