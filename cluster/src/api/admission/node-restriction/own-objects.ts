import type { AdmissionRequest } from '../admission.ts';
import { refuse } from './refuse.ts';

const leaseNamespace = 'kube-node-lease';

/** A node keeps the lease that bears its name. */
export function checkLease(node: string, request: AdmissionRequest): void {
  if (request.namespace !== leaseNamespace) {
    refuse(request, `can only access leases in the ${JSON.stringify(leaseNamespace)} system namespace`);
  }
  if (nameOf(request) !== node) {
    refuse(request, 'can only access node lease with the same name as the requesting node');
  }
}

export function checkCsiNode(node: string, request: AdmissionRequest): void {
  if (nameOf(request) !== node) refuse(request, 'can only access CSINode with the same name as the requesting node');
}

/** Others than these the Node authorizer knows by what is there. */
export function checkResourceSlice(node: string, request: AdmissionRequest): void {
  const { operation, object, old } = request;
  if (operation === 'UPDATE') return;
  const { nodeName } = ((operation === 'CREATE' ? object : old)?.spec ?? {}) as { nodeName?: string };
  if (nodeName === node) return;
  const verb = operation.toLowerCase();
  refuse(request, `can only ${verb} ResourceSlice with the same NodeName as the requesting node`);
}

/** Of what is to be made the name stands in the object. */
function nameOf({ operation, name, object }: AdmissionRequest): string {
  return operation === 'CREATE' ? (object.metadata.name ?? '') : name;
}
