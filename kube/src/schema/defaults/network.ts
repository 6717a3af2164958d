import { ensure, type Fields, fill, fillAll, fillPointers, part, parts } from '../fields.ts';

/** What needs no allocator; addresses, node ports and IP families are the API server's to give. */
export function defaultService(service: Fields): void {
  const spec = ensure(service, 'spec');
  fillAll(spec, { sessionAffinity: 'None', type: 'ClusterIP' });
  if (spec.sessionAffinity === 'ClientIP') {
    fill(ensure(ensure(spec, 'sessionAffinityConfig'), 'clientIP'), 'timeoutSeconds', 10_800);
  } else if (spec.sessionAffinity === 'None') {
    delete spec.sessionAffinityConfig;
  }
  for (const port of parts(spec, 'ports')) {
    if (port.targetPort === 0) delete port.targetPort;
    fillAll(port, { protocol: 'TCP', targetPort: port.port });
  }
  const type = spec.type;
  const hasOutsideAddress = Array.isArray(spec.externalIPs) && spec.externalIPs.length > 0;
  if (type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && hasOutsideAddress)) {
    fill(spec, 'externalTrafficPolicy', 'Cluster');
  }
  if (type === 'LoadBalancer') fill(spec, 'allocateLoadBalancerNodePorts', true);
  if (type !== 'ExternalName') fillPointers(spec, { internalTrafficPolicy: 'Cluster' });
}

export function defaultEndpoints(endpoints: Fields): void {
  for (const subset of parts(endpoints, 'subsets')) {
    for (const port of parts(subset, 'ports')) fill(port, 'protocol', 'TCP');
  }
}

export function defaultEndpointSlice(slice: Fields): void {
  for (const port of parts(slice, 'ports')) fillPointers(port, { name: '', protocol: 'TCP' });
}

export function defaultNetworkPolicy(policy: Fields): void {
  const spec = ensure(policy, 'spec');
  ensure(spec, 'podSelector');
  const egress = parts(spec, 'egress');
  if (!Array.isArray(spec.policyTypes) || spec.policyTypes.length === 0) {
    spec.policyTypes = egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  }
  for (const rule of [...parts(spec, 'ingress'), ...egress]) {
    for (const port of parts(rule, 'ports')) fillPointers(port, { protocol: 'TCP' });
  }
}

export function defaultIngressClass(ingressClass: Fields): void {
  const parameters = part(part(ingressClass, 'spec'), 'parameters');
  if (parameters !== undefined) fillPointers(parameters, { scope: 'Cluster' });
}
