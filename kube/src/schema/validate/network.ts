import { isIP } from 'node:net';
import { type Fields, part, parts, text } from '../fields.ts';
import { validatePortReference } from './container.ts';
import {
  dns1035Label,
  dnsLabel,
  dnsSubdomain,
  isPort,
  labelValue,
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
  if (!serviceTypes.includes(type)) problems.unsupported('spec.type', type, serviceTypes);
  if (type === 'ExternalName') {
    const name = text(spec, 'externalName') ?? '';
    if (name === '') problems.required('spec.externalName');
    else
      for (const message of dnsSubdomain(name.replace(/\.$/, ''))) problems.invalid('spec.externalName', name, message);
    if (spec.clusterIP !== undefined && spec.clusterIP !== '') {
      problems.forbidden('spec.clusterIPs[0]', 'may not be set when `type` is ExternalName');
    }
  } else if (ports.length === 0 && !headless) {
    problems.required('spec.ports');
  }
  if (headless && (type === 'NodePort' || type === 'LoadBalancer')) {
    problems.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`);
  }
  validateServicePorts(ports, type, problems);
  validateServiceAddresses(spec, problems);
  for (const [key, value] of Object.entries(part(spec, 'selector') ?? {})) {
    for (const message of qualifiedName(key)) problems.invalid('spec.selector', key, message);
    for (const message of labelValue(String(value))) problems.invalid('spec.selector', value, message);
  }
  for (const [field, values] of [
    ['externalIPs', spec.externalIPs],
    ['loadBalancerSourceRanges', spec.loadBalancerSourceRanges],
  ] as const) {
    if (!Array.isArray(values)) continue;
    values.forEach((value: unknown, index) => {
      const valid = field === 'externalIPs' ? isIP(String(value)) > 0 : isCidr(String(value));
      if (!valid) problems.invalid(`spec.${field}[${index}]`, value, field === 'externalIPs' ? ipMessage : cidrMessage);
    });
  }
  const timeout = part(part(spec, 'sessionAffinityConfig'), 'clientIP')?.timeoutSeconds;
  if (typeof timeout === 'number' && (timeout <= 0 || timeout > 86_400)) {
    problems.invalid(
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
      timeout,
      'must be greater than 0 and less than 86400',
    );
  }
  validateServiceTraffic(spec, type, problems);
  validateServiceUpdate(spec, part(old, 'spec'), problems);
};

function validateServicePorts(ports: readonly Fields[], type: string, problems: Problems): void {
  const names = new Set<string>();
  const taken = new Set<string>();
  const nodePorts = new Set<string>();
  ports.forEach((port, index) => {
    const at = `spec.ports[${index}]`;
    const name = text(port, 'name') ?? '';
    if (name === '' && ports.length > 1) problems.required(`${at}.name`);
    if (name !== '') {
      for (const message of dnsLabel(name)) problems.invalid(`${at}.name`, name, message);
      if (names.has(name)) problems.duplicate(`${at}.name`, name);
      names.add(name);
    }
    if (!isPort(port.port)) problems.invalid(`${at}.port`, port.port ?? 0, portMessage);
    if (port.targetPort !== undefined) validatePortReference(port.targetPort, `${at}.targetPort`, problems);
    const protocol = text(port, 'protocol') ?? '';
    if (!protocols.includes(protocol)) problems.unsupported(`${at}.protocol`, protocol, protocols);
    const application = text(port, 'appProtocol');
    if (application !== undefined) {
      for (const message of qualifiedName(application)) problems.invalid(`${at}.appProtocol`, application, message);
    }
    const key = `${protocol} ${port.port}`;
    if (taken.has(key)) problems.duplicate(at, { protocol, port: port.port });
    taken.add(key);
    if (port.nodePort === undefined) return;
    if (type === 'ClusterIP') problems.forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'");

    if (nodePorts.has(`${protocol} ${port.nodePort}`)) problems.duplicate(`${at}.nodePort`, port.nodePort);
    nodePorts.add(`${protocol} ${port.nodePort}`);
  });
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
  const given = Array.isArray(spec.ipFamilies) ? (spec.ipFamilies as string[]) : [];
  given.forEach((family, index) => {
    if (!families.includes(family)) problems.unsupported(`spec.ipFamilies[${index}]`, family, families);
    if (given.indexOf(family) < index) problems.duplicate(`spec.ipFamilies[${index}]`, family);
  });
  const policy = text(spec, 'ipFamilyPolicy');
  const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
  if (policy !== undefined && !policies.includes(policy)) problems.unsupported('spec.ipFamilyPolicy', policy, policies);
  if (spec.type === 'ExternalName') return;
  const first = text(spec, 'clusterIP') ?? '';
  const addresses = addressesOf(spec);
  if (first === '' && addresses.length > 0) {
    problems.invalid('spec.clusterIPs', addresses, 'must be empty when `clusterIP` is not specified');
  } else if (first !== '' && addresses[0] !== first) {
    problems.invalid('spec.clusterIPs', addresses, 'first value must match `clusterIP`');
  }
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

/** How traffic comes in from outside and stays inside. */
function validateServiceTraffic(spec: Fields, type: string, problems: Problems): void {
  const isOutward = type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
  const health = spec.healthCheckNodePort;
  if (typeof health === 'number' && health !== 0 && !isOutward) {
    problems.invalid(
      'spec.healthCheckNodePort',
      health,
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    );
  } else if (isOutward && typeof health === 'number' && health !== 0 && !isPort(health)) {
    problems.invalid('spec.healthCheckNodePort', health, portMessage);
  }
  const balancer = text(spec, 'loadBalancerClass');
  if (balancer !== undefined) {
    for (const message of qualifiedName(balancer)) problems.invalid('spec.loadBalancerClass', balancer, message);
  }
  const distribution = text(spec, 'trafficDistribution');
  if (distribution !== undefined && !distributions.includes(distribution)) {
    problems.unsupported('spec.trafficDistribution', distribution, distributions);
  }
}

/** Once a service has its address, it keeps it, except on the way from or to ExternalName. */
function validateServiceUpdate(spec: Fields, old: Fields | undefined, problems: Problems): void {
  if (old === undefined || old.type === 'ExternalName' || spec.type === 'ExternalName') return;
  const before = text(old, 'clusterIP');
  const now = addressesOf(spec);
  if (before && now.length === 0) {
    problems.invalid('spec.clusterIPs[0]', null, 'primary clusterIP can not be unset');
  } else if (before && now[0] !== before) {
    problems.invalid('spec.clusterIPs[0]', now, 'may not change once set');
  }
  if (old.healthCheckNodePort && spec.healthCheckNodePort !== old.healthCheckNodePort && spec.type === old.type) {
    problems.forbidden('spec.healthCheckNodePort', 'field is immutable');
  }
  if (old.type === 'LoadBalancer' && spec.type === 'LoadBalancer') {
    if (old.loadBalancerClass !== undefined && spec.loadBalancerClass !== old.loadBalancerClass)
      problems.invalid('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set');
  }
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
    problems.invalid('spec', rules, 'either `defaultBackend` or `rules` must be specified');
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
  if (type === '') problems.required(`${at}.pathType`, 'pathType must be specified');
  else if (!pathTypes.includes(type)) problems.unsupported(`${at}.pathType`, type, pathTypes);
  else if ((type !== 'ImplementationSpecific' || value !== '') && !value.startsWith('/')) {
    problems.invalid(`${at}.path`, value, 'must be an absolute path');
  } else if (type !== 'ImplementationSpecific') {
    for (const sequence of ['//', '/./', '/../', '%2f', '%2F']) {
      if (value.includes(sequence)) problems.invalid(`${at}.path`, value, `must not contain '${sequence}'`);
    }
  }
  validateBackend(part(path, 'backend') ?? {}, `${at}.backend`, problems);
}

function validateBackend(backend: Fields, at: string, problems: Problems): void {
  const service = part(backend, 'service');
  const resource = part(backend, 'resource');
  if (resource !== undefined) {
    const group = text(resource, 'apiGroup');
    if (group !== undefined)
      for (const message of dnsSubdomain(group)) problems.invalid(`${at}.resource.apiGroup`, group, message);
    if (service !== undefined) problems.invalid(at, '', 'cannot set both resource and service backends');
    return;
  }
  if (service === undefined) {
    problems.required(at, 'port name or number is required');
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
        const path = `${at}.ports[${portIndex}]`;
        const protocol = text(port, 'protocol') ?? '';
        if (!protocols.includes(protocol)) problems.unsupported(`${path}.protocol`, protocol, protocols);
        if (port.port !== undefined) validatePortReference(port.port, `${path}.port`, problems);
        if (typeof port.endPort === 'number' && !isPort(port.endPort)) {
          problems.invalid(`${path}.endPort`, port.endPort, portMessage);
        } else if (port.endPort !== undefined && (typeof port.port !== 'number' || Number(port.endPort) < port.port)) {
          problems.invalid(`${path}.endPort`, port.endPort, 'must be greater than or equal to `port`');
        }
      });
      parts(rule, peersOf).forEach((peer, peerIndex) => {
        validatePeer(peer, `${at}.${peersOf}[${peerIndex}]`, problems);
      });
    });
  }
  const types = spec.policyTypes;
  if (Array.isArray(types) && types.length > 2)
    problems.invalid('spec.policyTypes', types, 'may not specify more than two policyTypes');
};

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
