import { isIP } from 'node:net';
import { type Fields, part, parts, text } from '../fields.ts';
import { validatePortReference } from './container.ts';
import { goValue } from './go-value.ts';
import {
  dns1035Label,
  dnsLabel,
  dnsSubdomain,
  immutableMessage,
  isPort,
  labelValue,
  pathSegment,
  portMessage,
  portName,
  qualifiedName,
} from './names.ts';
import { protocols } from './pod.ts';
import type { Problems } from './problems.ts';
import { validateLabelSelector } from './selector.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

const serviceTypes = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const ipMessage = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

export const validateService: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  const type = text(spec, 'type') ?? '';
  const ports = parts(spec, 'ports');
  const headless = spec.clusterIP === 'None';
  validateServiceUpdate(spec, part(old, 'spec'), problems);
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
  validateServiceAddresses(spec, problems);
  const external = Array.isArray(spec.externalIPs) ? (spec.externalIPs as string[]) : [];
  external.forEach((address, index) => {
    if (isIP(address) === 0) problems.invalid(`spec.externalIPs[${index}]`, address, ipMessage);
  });
  if (!serviceTypes.includes(type)) problems.unsupported('spec.type', type, serviceTypes);
  validateRepeatedPorts(ports, type, problems);
  validateBalancer(spec, type, problems);
  validateServiceTraffic(spec, type, problems);
};

function validateExternalName(spec: Fields, problems: Problems): void {
  if (addressesOf(spec).length > 0) problems.forbidden('spec.clusterIPs', 'may not be set for ExternalName services');
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

/** What only a load balancer has. */
function validateBalancer(spec: Fields, type: string, problems: Problems): void {
  const isBalanced = type === 'LoadBalancer';
  const ranges = Array.isArray(spec.loadBalancerSourceRanges) ? (spec.loadBalancerSourceRanges as string[]) : [];
  // As Kubernetes names the field.
  const at = 'spec.LoadBalancerSourceRanges';
  if (ranges.length > 0 && !isBalanced) problems.forbidden(at, onlyBalanced);
  ranges.forEach((range, index) => {
    if (!isCidr(range)) problems.invalid(`${at}[${index}]`, range.trim(), cidrMessage);
  });
  if (spec.allocateLoadBalancerNodePorts !== undefined && !isBalanced)
    problems.forbidden('spec.allocateLoadBalancerNodePorts', onlyBalanced);
  const balancer = text(spec, 'loadBalancerClass');
  if (balancer === undefined) return;
  if (!isBalanced) problems.forbidden('spec.loadBalancerClass', onlyBalanced);
  else for (const message of qualifiedName(balancer)) problems.invalid('spec.loadBalancerClass', balancer, message);
}

const families = ['IPv4', 'IPv6'];

/** Who knows only the old field gives only that. */
function addressesOf(spec: Fields): string[] {
  if (Array.isArray(spec.clusterIPs) && spec.clusterIPs.length > 0) return spec.clusterIPs as string[];
  const first = text(spec, 'clusterIP') ?? '';
  return first === '' ? [] : [first];
}

/** Addresses and families: the old field is the first of the new one, and no family comes twice. */
function validateServiceAddresses(spec: Fields, problems: Problems): void {
  if (spec.type === 'ExternalName') return;
  const first = text(spec, 'clusterIP') ?? '';
  const addresses = addressesOf(spec);
  if (first === '' && addresses.length > 0) {
    problems.invalid('spec.clusterIPs', addresses, 'must be empty when `clusterIP` is not specified');
  } else if (first !== '' && addresses[0] !== first) {
    problems.invalid('spec.clusterIPs', addresses, 'first value must match `clusterIP`');
  }
  const given = Array.isArray(spec.ipFamilies) ? (spec.ipFamilies as string[]) : [];
  given.forEach((family, index) => {
    if (!families.includes(family)) problems.unsupported(`spec.ipFamilies[${index}]`, family, families);
    if (given.indexOf(family) < index) problems.duplicate(`spec.ipFamilies[${index}]`, family);
  });
  const policy = text(spec, 'ipFamilyPolicy');
  const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
  if (policy !== undefined && !policies.includes(policy)) problems.unsupported('spec.ipFamilyPolicy', policy, policies);
  addresses.forEach((address, index) => {
    const at = `spec.clusterIPs[${index}]`;
    if (address === 'None') return;
    const family = isIP(address);
    if (family === 0) problems.invalid(at, address, ipMessage);
    else if (given[index] !== undefined && given[index] !== `IPv${family}` && families.includes(given[index])) {
      problems.invalid(at, address, `expected an ${given[index]} value as indicated by \`ipFamilies[${index}]\``);
    }
  });
  if (addresses.length > 1 && addresses.every((address) => isIP(address) > 0)) {
    const kinds = new Set(addresses.map((address) => isIP(address)));
    if (kinds.size < addresses.length)
      problems.invalid('spec.clusterIPs', addresses, 'may specify no more than one IP for each IP family');
  }
}

const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const policies = ['Cluster', 'Local'];

/** Whether traffic comes in from outside the cluster. */
function isOpen(spec: Fields, type: string): boolean {
  const external = Array.isArray(spec.externalIPs) ? spec.externalIPs : [];
  return type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && external.length > 0);
}

const needsHealthCheck = (spec: Fields) => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

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

/** Once a service has its address, it keeps it, except on the way from or to ExternalName. */
function validateServiceUpdate(spec: Fields, old: Fields | undefined, problems: Problems): void {
  if (old === undefined) return;
  if (old.type !== 'ExternalName' && spec.type !== 'ExternalName') {
    const before = text(old, 'clusterIP');
    const now = addressesOf(spec);
    if (before && now.length === 0) {
      problems.invalid('spec.clusterIPs[0]', null, 'primary clusterIP can not be unset');
    } else if (before && now[0] !== before) {
      problems.invalid('spec.clusterIPs[0]', now, 'may not change once set');
    }
    const [wasHeadless, isHeadless] = [before === 'None', now[0] === 'None'];
    if (!wasHeadless && !isHeadless) validateFamiliesUpdate(spec, old, now.length > 0, problems);
  }
  if (old.type === 'LoadBalancer' && spec.type === 'LoadBalancer' && spec.loadBalancerClass !== old.loadBalancerClass)
    problems.invalid('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set');
  if (needsHealthCheck(old) && needsHealthCheck(spec)) {
    if (old.healthCheckNodePort && spec.healthCheckNodePort !== old.healthCheckNodePort)
      problems.forbidden('spec.healthCheckNodePort', immutableMessage);
  }
}

function validateFamiliesUpdate(spec: Fields, old: Fields, hasAddress: boolean, problems: Problems): void {
  const [before, now] = [old.ipFamilies, spec.ipFamilies].map((list) => (Array.isArray(list) ? list : []));
  if (before === undefined || now === undefined) return;
  const at = 'spec.ipFamilies[0]';
  if (before.length > now.length && !hasAddress)
    problems.invalid(at, spec.ipFamilies ?? null, 'primary ipFamily can not be unset');
  if (before.length > 0 && now.length > 0 && now[0] !== before[0]) problems.invalid(at, now, 'may not change once set');
}

export const cidrMessage = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** Whether a text is a range of addresses: `10.0.0.0/8`. */
export function isCidr(value: string): boolean {
  const [address = '', length = ''] = value.trim().split('/');
  const family = isIP(address);
  return family > 0 && /^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128);
}

export const validateIngress: Rule = (object, problems) => {
  const spec = part(object, 'spec') ?? {};
  const rules = parts(spec, 'rules');
  const backend = part(spec, 'defaultBackend');
  if (rules.length === 0 && backend === undefined) {
    problems.invalid('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified');
  }
  if (backend !== undefined) validateBackend(backend, 'spec.defaultBackend', problems);
  rules.forEach((rule, index) => {
    const at = `spec.rules[${index}]`;
    const host = text(rule, 'host') ?? '';
    if (isIP(host) > 0) problems.invalid(`${at}.host`, host, 'must be a DNS name, not an IP address');
    else if (host !== '')
      for (const message of dnsSubdomain(host.replace(/^\*\./, ''))) problems.invalid(`${at}.host`, host, message);
    const http = part(rule, 'http');
    const paths = parts(http, 'paths');
    if (http !== undefined && paths.length === 0) problems.required(`${at}.http.paths`);
    paths.forEach((path, pathIndex) => {
      validateIngressPath(path, `${at}.http.paths[${pathIndex}]`, problems);
    });
  });
  parts(spec, 'tls').forEach((tls, index) => {
    const hosts = Array.isArray(tls.hosts) ? (tls.hosts as string[]) : [];
    hosts.forEach((host, position) => {
      const at = `spec.tls[${index}].hosts[${position}]`;
      for (const message of dnsSubdomain(host.replace(/^\*\./, ''))) problems.invalid(at, host, message);
    });
    const secret = text(tls, 'secretName') ?? '';
    if (secret !== '')
      for (const message of dnsSubdomain(secret)) problems.invalid(`spec.tls[${index}].secretName`, secret, message);
  });
  const className = text(spec, 'ingressClassName');
  if (className !== undefined)
    for (const message of dnsSubdomain(className)) problems.invalid('spec.ingressClassName', className, message);
};

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];

function validateIngressPath(path: Fields, at: string, problems: Problems): void {
  const type = text(path, 'pathType') ?? '';
  const value = text(path, 'path') ?? '';
  if (path.pathType === undefined) {
    problems.required(`${at}.pathType`, 'pathType must be specified');
    return;
  }
  if (!pathTypes.includes(type)) problems.unsupported(`${at}.pathType`, type, pathTypes);
  else if ((type !== 'ImplementationSpecific' || value !== '') && !value.startsWith('/')) {
    problems.invalid(`${at}.path`, value, 'must be an absolute path');
  }
  if (type === 'Exact' || type === 'Prefix') {
    for (const sequence of ['//', '/./', '/../', '%2f', '%2F']) {
      if (value.includes(sequence)) problems.invalid(`${at}.path`, value, `must not contain '${sequence}'`);
    }
    for (const end of ['/..', '/.']) {
      if (value.endsWith(end)) problems.invalid(`${at}.path`, value, `cannot end with '${end}'`);
    }
  }
  validateBackend(part(path, 'backend') ?? {}, `${at}.backend`, problems);
}

/** A kind and a name in the same namespace. */
export function validateLocalReference(reference: Fields, at: string, problems: Problems): void {
  const group = text(reference, 'apiGroup');
  if (group !== undefined)
    for (const message of dnsSubdomain(group)) problems.invalid(`${at}.apiGroup`, group, message);
  for (const field of ['kind', 'name']) {
    const value = text(reference, field) ?? '';
    if (value === '') problems.required(`${at}.${field}`);
    else for (const message of pathSegment(value)) problems.invalid(`${at}.${field}`, value, message);
  }
}

function validateBackend(backend: Fields, at: string, problems: Problems): void {
  const service = part(backend, 'service');
  const resource = part(backend, 'resource');
  if (resource !== undefined) {
    if (service !== undefined) problems.invalid(at, '', 'cannot set both resource and service backends');
    else validateLocalReference(resource, `${at}.resource`, problems);
    return;
  }
  if (service === undefined) {
    problems.invalid(at, '', 'resource or service backend is required');
    return;
  }
  const name = text(service, 'name') ?? '';
  if (name === '') problems.required(`${at}.service.name`);
  else for (const message of dns1035Label(name)) problems.invalid(`${at}.service.name`, name, message);
  const port = part(service, 'port');
  const portNamed = text(port, 'name') ?? '';
  const number = port?.number;
  if (portNamed === '' && (number === undefined || number === 0))
    problems.required(at, 'port name or number is required');
  else if (portNamed !== '' && number) problems.invalid(at, '', 'cannot set both port name & port number');
  else if (portNamed !== '')
    for (const message of portName(portNamed)) problems.invalid(`${at}.service.port.name`, portNamed, message);
  else if (!isPort(number)) problems.invalid(`${at}.service.port.number`, number, portMessage);
}

export const validateNetworkPolicy: Rule = (object, problems) => {
  const spec = part(object, 'spec') ?? {};
  validateLabelSelector(part(spec, 'podSelector'), 'spec.podSelector', problems);
  for (const [direction, peersOf] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    parts(spec, direction).forEach((rule, index) => {
      const at = `spec.${direction}[${index}]`;
      parts(rule, 'ports').forEach((port, portIndex) => {
        validatePolicyPort(port, `${at}.ports[${portIndex}]`, problems);
      });
      parts(rule, peersOf).forEach((peer, peerIndex) => {
        validatePeer(peer, `${at}.${peersOf}[${peerIndex}]`, problems);
      });
    });
  }
  const types = spec.policyTypes;
  if (!Array.isArray(types)) return;
  if (types.length > directions.length) {
    problems.invalid('spec.policyTypes', types, 'may not specify more than two policyTypes');
    return;
  }
  types.forEach((type: string, index) => {
    if (!directions.includes(type)) problems.unsupported(`spec.policyTypes[${index}]`, type, directions);
  });
};

const directions = ['Ingress', 'Egress'];
const policyProtocols = ['TCP', 'UDP', 'SCTP'];

function validatePolicyPort(entry: Fields, path: string, problems: Problems): void {
  const { port, endPort: end } = entry;
  const protocol = text(entry, 'protocol') ?? '';
  if (!policyProtocols.includes(protocol)) problems.unsupported(`${path}.protocol`, protocol, policyProtocols);
  if (typeof port === 'string') {
    if (end !== undefined) problems.invalid(`${path}.endPort`, end, 'may not be specified when `port` is non-numeric');
    validatePortReference(port, `${path}.port`, problems);
  } else if (typeof port === 'number') {
    validatePortReference(port, `${path}.port`, problems);
    if (typeof end !== 'number') return;
    // Kubernetes shows the port that the end is below of.
    if (end < port) problems.invalid(`${path}.endPort`, port, 'must be greater than or equal to `port`');
    if (!isPort(end)) problems.invalid(`${path}.endPort`, end, portMessage);
  } else if (end !== undefined) {
    problems.invalid(`${path}.endPort`, end, 'may not be specified when `port` is not specified');
  }
}

function validatePeer(peer: Fields, at: string, problems: Problems): void {
  const block = part(peer, 'ipBlock');
  const selectors = ['podSelector', 'namespaceSelector'].filter((field) => peer[field] !== undefined);
  for (const field of selectors) validateLabelSelector(part(peer, field), `${at}.${field}`, problems);
  if (block === undefined) {
    if (selectors.length === 0) problems.required(at, 'must specify a peer');
    return;
  }
  if (selectors.length > 0) problems.forbidden(at, 'may not specify both ipBlock and another peer');
  const cidr = text(block, 'cidr') ?? '';
  if (cidr === '') problems.required(`${at}.ipBlock.cidr`);
  else if (!isCidr(cidr)) problems.invalid(`${at}.ipBlock.cidr`, cidr, cidrMessage);
  const excepted = Array.isArray(block.except) ? (block.except as string[]) : [];
  excepted.forEach((range, index) => {
    if (!isCidr(range)) problems.invalid(`${at}.ipBlock.except[${index}]`, range, cidrMessage);
  });
}
