import { isIP } from 'node:net';
import { type Fields, part, parts, text } from '../fields.ts';
import { validatePortReference } from './container.ts';
import { dns1035Label, dnsSubdomain, isPort, pathSegment, portMessage, portName } from './names.ts';
import type { Problems } from './problems.ts';
import { validateLabelSelector } from './selector.ts';
import { readAddress } from './service-addresses.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

export const cidrMessage = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** Whether a text is a range of addresses: `10.0.0.0/8`. */
export function isCidr(value: string): boolean {
  const [address = '', length = ''] = value.trim().split('/');
  const family = isIP(readAddress(address) ?? '');
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
