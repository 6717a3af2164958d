import { isIP } from 'node:net';
import { type Fields, part, parts, text } from '../fields.ts';
import { protocols, validatePortReference } from './container.ts';
import { goValue } from './go-value.ts';
import { dnsLabel, dnsSubdomain, immutableMessage, isPort, labelValue, portMessage, qualifiedName } from './names.ts';
import { cidrMessage, isCidr } from './network.ts';
import type { Problems } from './problems.ts';

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
