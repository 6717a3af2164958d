import type { Node } from '@berth/kube/objects';
import type { AdmissionRequest } from '../admission.ts';
import { refuse } from './refuse.ts';
import { isSame } from './same.ts';

type Labels = Readonly<Record<string, string>>;

const restricted = 'node-restriction.kubernetes.io';
/** Of the labels of Kubernetes' own those that say what a machine is. Source: `k8s.io/kubelet/pkg/apis`. */
const ownLabels = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
]);
const ownNamespaces = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

/** A node writes its own Node, and nothing in it by which it would draw pods to itself that are not meant for it. */
export function checkNode(node: string, request: AdmissionRequest): void {
  const { operation, name, old } = request;
  const me = `node ${JSON.stringify(node)}`;
  if (name !== node) refuse(request, `${me} is not allowed to modify node ${JSON.stringify(name)}`);
  const after = request.object as Node;
  if (operation === 'CREATE') {
    if (after.spec?.configSource) refuse(request, `${me} is not allowed to create pods with a non-nil configSource`);
    const labels = forbiddenChanges({}, after.metadata.labels ?? {});
    if (labels.length > 0) refuse(request, `${me} is not allowed to set the following labels: ${labels.join(', ')}`);
  }
  if (operation !== 'UPDATE') return;
  const before = old as Node;
  if (after.spec?.configSource && !isSame(after.spec.configSource, before.spec?.configSource)) {
    refuse(request, `${me} is not allowed to update configSource to a new non-nil configSource`);
  }
  if (!isSame(after.spec?.taints, before.spec?.taints)) refuse(request, `${me} is not allowed to modify taints`);
  if (!isSame(after.metadata.ownerReferences, before.metadata.ownerReferences)) {
    refuse(request, `${me} is not allowed to modify ownerReferences`);
  }
  const labels = forbiddenChanges(before.metadata.labels ?? {}, after.metadata.labels ?? {});
  if (labels.length > 0) refuse(request, `is not allowed to modify labels: ${labels.join(', ')}`);
}

/** The labels that differ and that a node may not write, in order. */
function forbiddenChanges(before: Labels, after: Labels): string[] {
  const changed = new Set([...Object.keys(before), ...Object.keys(after)].filter((key) => before[key] !== after[key]));
  return [...changed].filter(isForbidden).sort();
}

function isForbidden(label: string): boolean {
  const slash = label.indexOf('/');
  const namespace = slash < 0 ? '' : label.slice(0, slash);
  const within = (parent: string) => namespace === parent || namespace.endsWith(`.${parent}`);
  if (within(restricted)) return true;
  const isKubernetes = within('kubernetes.io') || within('k8s.io');
  return isKubernetes && !ownLabels.has(label) && !ownNamespaces.some(within);
}
