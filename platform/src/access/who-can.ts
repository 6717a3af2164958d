import {
  type Binding,
  mastersGroup,
  type PathAttributes,
  type RbacPolicy,
  type ResourceAttributes,
  type Subject,
} from '@berth/kube/rbac';

/** Somebody who may, and by what. */
export interface Holder {
  /** A service account always with its namespace. */
  subject: Subject;
  /** Undefined for those whom Kubernetes lets do everything. */
  binding?: Pick<Binding, 'name' | 'namespace' | 'roleRef'>;
}

/** Everybody who may do it by RBAC, each once per binding; whom webhooks or the Node authorizer let do it is not among them. */
export function holdersOf(policy: RbacPolicy, attributes: ResourceAttributes | PathAttributes): Holder[] {
  const bound = policy.grants(attributes).flatMap(({ binding }) => {
    const { subjects, ...by } = binding;
    return subjects.map((subject) => ({ subject: { ...subject, ...placed(subject, binding) }, binding: by }));
  });
  return [{ subject: { kind: 'Group', name: mastersGroup } }, ...bound];
}

function placed({ kind, namespace }: Subject, binding: Binding): { namespace?: string } {
  return kind === 'ServiceAccount' ? { namespace: namespace ?? binding.namespace } : {};
}
