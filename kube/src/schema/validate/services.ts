import { type Fields, part, parts, text } from '../fields.ts';
import { protocols, validatePortReference } from './container.ts';
import { validateEndpointAddress } from './endpoints.ts';
import { goValue } from './go-value.ts';
import { dnsLabel, dnsSubdomain, isPort, labelValue, portMessage, qualifiedName } from './names.ts';
import { cidrMessage, isCidr } from './network.ts';
import type { Problems } from './problems.ts';
import {
  addressesOf,
  ipMessage,
  needsHealthCheck,
  readAddress,
  textsOf,
  validateServiceAddresses,
  validateServiceUpdate,
} from './service-addresses.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

const serviceTypes = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
export const validateService: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  const type = text(spec, 'type') ?? '';
  const ports = parts(spec, 'ports');
  const headless = spec.clusterIP === 'None';
  validateServiceUpdate(spec, part(old, 'spec'), problems);
  const annotations = part(part(object, 'metadata'), 'annotations');
  validateTopology(annotations, problems);
  if (ports.length === 0 && !headless && type !== 'ExternalName') problems.required('spec.ports');
  if (headless && (type === 'NodePort' || type === 'LoadBalancer')) {
    problems.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`);
  }
  if (type === 'ExternalName') validateExternalName(spec, problems);
  const names = new Set<string>();
  ports.forEach((port, index) => {
    validateServicePort(port, `spec.ports[${index}]`, ports.length > 1, names, problems);
  });
  for (const [key, value] of Object.entries(part(spec, 'selector') ?? {})) {
    for (const message of qualifiedName(key)) problems.invalid('spec.selector', key, message);
    for (const message of labelValue(String(value))) problems.invalid('spec.selector', value, message);
  }
  validateAffinity(spec, problems);
  validateServiceAddresses(spec, part(old, 'spec'), problems);
  const before = textsOf(part(old, 'spec')?.externalIPs);
  textsOf(spec.externalIPs).forEach((address, index) => {
    const at = `spec.externalIPs[${index}]`;
    if (readAddress(address) !== undefined) validateEndpointAddress(address, at, problems);
    else if (!before.includes(address)) problems.invalid(at, address, ipMessage);
  });
  if (!serviceTypes.includes(type)) problems.unsupported('spec.type', type, serviceTypes);
  validateRepeatedPorts(ports, type, problems);
  validateBalancer(spec, type, annotations, problems);
  validateServiceTraffic(spec, type, problems);
};

function validateExternalName(spec: Fields, problems: Problems): void {
  const given = { clusterIPs: addressesOf(spec).length > 0, ipFamilies: textsOf(spec.ipFamilies).length > 0 };
  for (const [field, isGiven] of Object.entries({ ...given, ipFamilyPolicy: spec.ipFamilyPolicy !== undefined })) {
    if (isGiven) problems.forbidden(`spec.${field}`, 'may not be set for ExternalName services');
  }
  const name = text(spec, 'externalName')?.replace(/\.$/, '') ?? '';
  if (name === '') problems.required('spec.externalName');
  else for (const message of dnsSubdomain(name)) problems.invalid('spec.externalName', name, message);
}

function validateServicePort(
  port: Fields,
  at: string,
  needsName: boolean,
  names: Set<string>,
  problems: Problems,
): void {
  const name = text(port, 'name') ?? '';
  if (name === '' && needsName) problems.required(`${at}.name`);
  if (name !== '') {
    for (const message of dnsLabel(name)) problems.invalid(`${at}.name`, name, message);
    if (names.has(name)) problems.duplicate(`${at}.name`, name);
    names.add(name);
  }
  if (!isPort(port.port)) problems.invalid(`${at}.port`, port.port ?? 0, portMessage);
  const protocol = text(port, 'protocol') ?? '';
  if (!protocols.includes(protocol)) problems.unsupported(`${at}.protocol`, protocol, protocols);
  if (port.targetPort !== undefined) validatePortReference(port.targetPort, `${at}.targetPort`, problems);
  const application = text(port, 'appProtocol');
  if (application !== undefined) {
    for (const message of qualifiedName(application)) problems.invalid(`${at}.appProtocol`, application, message);
  }
}

/** The old annotation and the new one agree where both are there. */
function validateTopology(annotations: Fields | undefined, problems: Problems): void {
  const [old, mode] = ['service.kubernetes.io/topology-aware-hints', 'service.kubernetes.io/topology-mode'];
  const value = annotations?.[mode];
  if (value === undefined || annotations?.[old] === undefined || value === annotations[old]) return;
  problems.invalid(`metadata.annotations[${mode}]`, value, `must match annotations[${old}] when both are specified`);
}

const portStruct = { Name: '', Protocol: '', AppProtocol: null, Port: 0, TargetPort: 0, NodePort: 0 };

/** No port of the service, and none of its nodes', comes twice for one protocol. */
function validateRepeatedPorts(ports: readonly Fields[], type: string, problems: Problems): void {
  const [nodePorts, taken] = [new Set<string>(), new Set<string>()];
  ports.forEach(({ nodePort }, index) => {
    const at = `spec.ports[${index}].nodePort`;
    if (type === 'ClusterIP' && nodePort) problems.forbidden(at, "may not be used when `type` is 'ClusterIP'");
  });
  ports.forEach(({ protocol, nodePort }, index) => {
    if (!nodePort) return;
    if (nodePorts.has(`${protocol} ${nodePort}`)) problems.duplicate(`spec.ports[${index}].nodePort`, nodePort);
    nodePorts.add(`${protocol} ${nodePort}`);
  });
  ports.forEach(({ protocol = '', port = 0 }, index) => {
    const key = `${protocol} ${port}`;
    if (taken.has(key)) problems.duplicate(`spec.ports[${index}]`, goValue({ protocol, port }, portStruct));
    taken.add(key);
  });
}

const affinities = ['ClientIP', 'None'];

function validateAffinity(spec: Fields, problems: Problems): void {
  const affinity = text(spec, 'sessionAffinity') ?? '';
  const at = 'spec.sessionAffinity';
  if (affinity === '') problems.required(at);
  else if (!affinities.includes(affinity)) problems.unsupported(at, affinity, affinities);
  const timeout = part(part(spec, 'sessionAffinityConfig'), 'clientIP')?.timeoutSeconds;
  if (typeof timeout === 'number' && (timeout <= 0 || timeout > 86_400)) {
    problems.invalid(`${at}Config.clientIP.timeoutSeconds`, timeout, 'must be greater than 0 and less than 86400');
  }
}

const onlyBalanced = "may only be used when `type` is 'LoadBalancer'";

const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';

/** What the annotation says that was there before the field. */
function validateAnnotatedRanges(annotations: Fields | undefined, isBalanced: boolean, problems: Problems): void {
  const ranges = text(annotations, rangesAnnotation);
  if (ranges === undefined) return;
  const at = `metadata.annotations[${rangesAnnotation}]`;
  if (!isBalanced) problems.forbidden(at, onlyBalanced);
  for (const range of ranges.trim() === '' ? [] : ranges.split(',')) {
    if (!isCidr(range)) problems.invalid(at, range.trim(), cidrMessage);
  }
}

/** What only a load balancer has. */
function validateBalancer(spec: Fields, type: string, annotations: Fields | undefined, problems: Problems): void {
  const isBalanced = type === 'LoadBalancer';
  const ranges = Array.isArray(spec.loadBalancerSourceRanges) ? (spec.loadBalancerSourceRanges as string[]) : [];
  // As Kubernetes names the field.
  const at = 'spec.LoadBalancerSourceRanges';
  if (ranges.length > 0 && !isBalanced) problems.forbidden(at, onlyBalanced);
  ranges.forEach((range, index) => {
    if (!isCidr(range)) problems.invalid(`${at}[${index}]`, range.trim(), cidrMessage);
  });
  if (ranges.length === 0) validateAnnotatedRanges(annotations, isBalanced, problems);
  if (spec.allocateLoadBalancerNodePorts !== undefined && !isBalanced)
    problems.forbidden('spec.allocateLoadBalancerNodePorts', onlyBalanced);
  const balancer = text(spec, 'loadBalancerClass');
  if (balancer === undefined) return;
  if (!isBalanced) problems.forbidden('spec.loadBalancerClass', onlyBalanced);
  else for (const message of qualifiedName(balancer)) problems.invalid('spec.loadBalancerClass', balancer, message);
}

const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const policies = ['Cluster', 'Local'];

/** Whether traffic comes in from outside the cluster. */
function isOpen(spec: Fields, type: string): boolean {
  const external = Array.isArray(spec.externalIPs) ? spec.externalIPs : [];
  return type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && external.length > 0);
}

/** How traffic comes in from outside and stays inside. */
function validateServiceTraffic(spec: Fields, type: string, problems: Problems): void {
  const outside = text(spec, 'externalTrafficPolicy') ?? '';
  const at = 'spec.externalTrafficPolicy';
  if (isOpen(spec, type)) {
    if (outside === '') problems.required(at);
    else if (!policies.includes(outside)) problems.unsupported(at, outside, policies);
  } else if (outside !== '') problems.invalid(at, outside, 'may only be set for externally-accessible services');
  const health = spec.healthCheckNodePort;
  if (typeof health === 'number' && health !== 0) {
    if (!needsHealthCheck(spec)) {
      problems.invalid(
        'spec.healthCheckNodePort',
        health,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      );
    } else if (!isPort(health)) problems.invalid('spec.healthCheckNodePort', health, portMessage);
  }
  const inside = text(spec, 'internalTrafficPolicy');
  if (inside === undefined) {
    if (type !== 'ExternalName' && serviceTypes.includes(type)) problems.required('spec.internalTrafficPolicy');
  } else if (!policies.includes(inside)) problems.unsupported('spec.internalTrafficPolicy', inside, policies);
  const distribution = text(spec, 'trafficDistribution');
  if (distribution !== undefined && !distributions.includes(distribution)) {
    problems.unsupported('spec.trafficDistribution', distribution, distributions);
  }
}
