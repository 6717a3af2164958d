import type { CustomResourceDefinition } from '@berth/kube/schema';

const annotation = 'api-approved.kubernetes.io';
const see = 'see https://github.com/kubernetes/enhancements/pull/1111';

/** Whether a group belongs to the Kubernetes project, whose definitions must say who approved them. */
export function isProtectedGroup(group: string): boolean {
  return /(^|\.)(k8s|kubernetes)\.io$/.test(group);
}

/** The condition `KubernetesAPIApprovalPolicyConformant`; undefined outside the protected groups. */
export function approvalCondition({ metadata, spec }: CustomResourceDefinition) {
  if (!isProtectedGroup(spec.group)) return undefined;
  const type = 'KubernetesAPIApprovalPolicyConformant';
  const value = metadata.annotations?.[annotation];
  if (!value) {
    const message = `protected groups must have approval annotation "${annotation}", ${see}`;
    return { type, status: 'False', reason: 'MissingAnnotation', message };
  }
  if (value.startsWith('unapproved')) {
    return { type, status: 'False', reason: 'UnapprovedAnnotation', message: `not approved: ${JSON.stringify(value)}` };
  }
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(value) && URL.canParse(value)) {
    return { type, status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${value}` };
  }
  const message = `protected groups must have approval annotation "${annotation}" with either a URL or a reason starting with "unapproved", ${see}`;
  return { type, status: 'False', reason: 'InvalidAnnotation', message };
}
