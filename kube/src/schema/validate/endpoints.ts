import { isIP } from 'node:net';
import { type Fields, part, parts, text } from '../fields.ts';
import { dnsLabel, dnsSubdomain, isPort, labelValue, portMessage, qualifiedName } from './names.ts';
import { protocols } from './pod.ts';
import type { Problems } from './problems.ts';
import { ipMessage, readAddress } from './service-addresses.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

/** An address that pods can be reached at: not the machine's own, and not one of many listeners. */
export function validateEndpointAddress(given: string, at: string, problems: Problems): void {
  const address = readAddress(given);
  if (address === undefined) {
    problems.invalid(at, given, 'must be a valid IP address');
    return;
  }
  const reasons: readonly (readonly [RegExp, string])[] = [
    [/^(0\.0\.0\.0|::)$/, 'may not be unspecified'],
    [/^(127\.|::1$)/, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    [/^(169\.254\.|fe[89ab])/i, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
    [/^(224\.0\.0\.|ff02)/i, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
  ];
  for (const [pattern, message] of reasons) {
    const detail = message === 'may not be unspecified' ? `may not be unspecified (${given})` : message;
    if (pattern.test(address)) problems.invalid(at, given, detail);
  }
}

export const validateEndpoints: Rule = (object, problems) => {
  parts(object, 'subsets').forEach((subset, index) => {
    const at = `subsets[${index}]`;
    const lists = ['addresses', 'notReadyAddresses'];
    if (lists.every((list) => parts(subset, list).length === 0)) {
      problems.required(at, 'must specify `addresses` or `notReadyAddresses`');
    }
    for (const list of lists) {
      parts(subset, list).forEach((address, position) => {
        const path = `${at}.${list}[${position}]`;
        const ip = text(address, 'ip') ?? '';
        if (readAddress(ip) === undefined) problems.invalid(`${path}.ip`, ip, ipMessage);
        const hostname = text(address, 'hostname') ?? '';
        if (hostname !== '')
          for (const message of dnsLabel(hostname)) problems.invalid(`${path}.hostname`, hostname, message);
        const node = text(address, 'nodeName');
        if (node !== undefined)
          for (const message of dnsSubdomain(node)) problems.invalid(`${path}.nodeName`, node, message);
        validateEndpointAddress(ip, `${path}.ip`, problems);
      });
    }
    const ports = parts(subset, 'ports');
    ports.forEach((port, position) => {
      validateEndpointPort(port, `${at}.ports[${position}]`, ports.length > 1, problems);
    });
  });
};

function validateEndpointPort(port: Fields, at: string, needsName: boolean, problems: Problems): void {
  const name = text(port, 'name') ?? '';
  if (name === '') {
    if (needsName) problems.required(`${at}.name`);
  } else for (const message of dnsLabel(name)) problems.invalid(`${at}.name`, name, message);
  if (!isPort(port.port)) problems.invalid(`${at}.port`, port.port ?? 0, portMessage);
  const protocol = text(port, 'protocol') ?? '';
  if (protocol === '') problems.required(`${at}.protocol`);
  else if (!protocols.includes(protocol)) problems.unsupported(`${at}.protocol`, protocol, protocols);
  const application = text(port, 'appProtocol');
  if (application !== undefined)
    for (const message of qualifiedName(application)) problems.invalid(`${at}.appProtocol`, application, message);
}

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];

export const validateEndpointSlice: Rule = (object, problems, old) => {
  const type = text(object, 'addressType') ?? '';
  if (type === '') problems.required('addressType');
  else if (!addressTypes.includes(type)) problems.unsupported('addressType', type, addressTypes);
  const endpoints = parts(object, 'endpoints');
  if (endpoints.length > 1000) problems.tooMany('endpoints', endpoints.length, 1000);
  endpoints.forEach((endpoint, index) => {
    validateSliceEndpoint(endpoint, `endpoints[${index}]`, type, problems);
  });
  const names = new Set<string>();
  parts(object, 'ports').forEach((port, index) => {
    const at = `ports[${index}]`;
    const name = text(port, 'name') ?? '';
    if (name !== '') for (const message of dnsLabel(name)) problems.invalid(`${at}.name`, name, message);
    if (names.has(name)) problems.duplicate(`${at}.name`, name);
    names.add(name);
    const protocol = text(port, 'protocol') ?? '';
    if (!protocols.includes(protocol)) problems.unsupported(`${at}.protocol`, protocol, protocols);
    const application = text(port, 'appProtocol');
    if (application !== undefined)
      for (const message of qualifiedName(application)) problems.invalid(`${at}.appProtocol`, application, message);
  });
  if (old !== undefined && type !== (text(old, 'addressType') ?? ''))
    problems.invalid('addressType', type, 'field is immutable');
};

function validateSliceEndpoint(endpoint: Fields, at: string, type: string, problems: Problems): void {
  const addresses = Array.isArray(endpoint.addresses) ? endpoint.addresses : [];
  if (addresses.length === 0) problems.required(`${at}.addresses`, 'must contain at least 1 address');
  if (addresses.length > 100) problems.tooMany(`${at}.addresses`, addresses.length, 100);
  addresses.forEach((value: unknown, index) => {
    const address = String(value);
    const path = `${at}.addresses[${index}]`;
    const family = isIP(address);
    if (type === 'FQDN') for (const message of dnsSubdomain(address)) problems.invalid(path, address, message);
    else if (type === 'IPv4' || type === 'IPv6') {
      if (family === 0) problems.invalid(path, address, ipMessage);
      else if (`IPv${family}` !== type) problems.invalid(`${at}.addresses`, address, `must be an ${type} address`);
      else validateEndpointAddress(address, path, problems);
    }
  });
  const node = text(endpoint, 'nodeName');
  if (node !== undefined) for (const message of dnsSubdomain(node)) problems.invalid(`${at}.nodeName`, node, message);
  const hostname = text(endpoint, 'hostname');
  if (hostname !== undefined)
    for (const message of dnsLabel(hostname)) problems.invalid(`${at}.hostname`, hostname, message);
  const hints = part(endpoint, 'hints');
  for (const list of ['forZones', 'forNodes']) {
    const names = new Set<string>();
    const items = parts(hints, list);
    if (items.length > 8) problems.tooMany(`${at}.hints.${list}`, items.length, 8);
    items.forEach((item, index) => {
      const name = text(item, 'name') ?? '';
      const path = `${at}.hints.${list}[${index}].name`;
      if (names.has(name)) problems.duplicate(path, name);
      names.add(name);
      for (const message of labelValue(name)) problems.invalid(path, name, message);
    });
  }
}
