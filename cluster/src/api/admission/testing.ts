import type { KubeObject, Resource } from '@berth/kube/objects';
import type { TestHandler, TestWebhook } from '../webhook/testing.ts';

/** The kinds of `admissionregistration.k8s.io`, for tests. */
function kindOf(version: string, kind: string, resource: string): Resource {
  return { group: 'admissionregistration.k8s.io', version, resource, kind, namespaced: false };
}

export const mutatingConfigurations = kindOf('v1', 'MutatingWebhookConfiguration', 'mutatingwebhookconfigurations');
export const validatingConfigurations = kindOf(
  'v1',
  'ValidatingWebhookConfiguration',
  'validatingwebhookconfigurations',
);
export const validatingPolicies = kindOf('v1', 'ValidatingAdmissionPolicy', 'validatingadmissionpolicies');
export const validatingBindings = kindOf('v1', 'ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings');
export const mutatingPolicies = kindOf('v1beta1', 'MutatingAdmissionPolicy', 'mutatingadmissionpolicies');
export const mutatingBindings = kindOf('v1beta1', 'MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings');

/** An object of `resource` without namespace. */
export function objectOf(resource: Resource, name: string, rest: object): KubeObject {
  const { group, version, kind } = resource;
  return { apiVersion: `${group}/${version}`, kind, metadata: { name }, ...rest };
}

export const everyConfigMap = {
  operations: ['*'],
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: ['configmaps'],
};

/** A configuration with one webhook, by default for every write of a ConfigMap. */
export function configuration(
  resource: Resource,
  name: string,
  { url, caBundle }: TestWebhook,
  webhook: object = {},
  path = '/',
): KubeObject {
  const whole = {
    name: `${name}.example.com`,
    clientConfig: { url: url + path, caBundle },
    rules: [everyConfigMap],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...webhook,
  };
  return objectOf(resource, name, { webhooks: [whole] });
}

/** `AdmissionReview.request`. */
export interface ReviewRequest {
  uid: string;
  kind: object;
  resource: object;
  subResource?: string;
  requestKind: object;
  requestResource: object;
  name?: string;
  namespace?: string;
  operation: string;
  userInfo: { username: string; groups: string[] };
  object: KubeObject | null;
  oldObject: KubeObject | null;
  dryRun: boolean;
  options: Record<string, unknown> | null;
}

export type Respond = (
  request: ReviewRequest,
  path: string,
) => Record<string, unknown> | Promise<Record<string, unknown>>;

/** A webhook that says what `respond` answers, with the uid that it was asked with. */
export function reviewing(respond: Respond): TestHandler {
  return async (body, { url = '' }) => {
    const { request } = body as { request: ReviewRequest };
    const response = { uid: request.uid, allowed: true, ...(await respond(request, url)) };
    return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
  };
}

/** A JSON patch as an answer carries it. */
export function patched(...operations: object[]): Record<string, unknown> {
  return { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') };
}
