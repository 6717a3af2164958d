import { isIP } from 'node:net';
import { sameData } from '../../patch/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { goValue } from './go-value.ts';
import {
  dnsLabel,
  dnsSubdomain,
  immutableMessage,
  labelValue,
  negativeMessage,
  pathSegment,
  qualifiedName,
} from './names.ts';
import { cidrMessage, isCidr, validateLocalReference } from './network.ts';
import { validateTolerations } from './pod.ts';
import type { Problems } from './problems.ts';
import { validateResources } from './resources.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

export const validateRuntimeClass: Rule = (object, problems, old) => {
  const handler = text(object, 'handler') ?? '';
  for (const message of dnsLabel(handler)) problems.invalid('handler', handler, message);
  validateResources({ limits: part(part(object, 'overhead'), 'podFixed') }, 'overhead', problems);
  const scheduling = part(object, 'scheduling');
  for (const [key, value] of Object.entries(part(scheduling, 'nodeSelector') ?? {})) {
    for (const message of qualifiedName(key)) problems.invalid('scheduling.nodeSelector', key, message);
    for (const message of labelValue(String(value))) problems.invalid('scheduling.nodeSelector', value, message);
  }
  if (scheduling !== undefined) {
    validateTolerations(scheduling, 'scheduling', problems);
    validateDifferent(parts(scheduling, 'tolerations'), problems);
  }
  if (old !== undefined && handler !== text(old, 'handler')) problems.invalid('handler', handler, immutableMessage);
};

const tolerationStruct = { Key: '', Operator: '', Value: '', Effect: '', TolerationSeconds: null };

/** Only how long is tolerated may not tell two tolerations apart. */
function validateDifferent(tolerations: readonly Fields[], problems: Problems): void {
  const seen = new Set<string>();
  tolerations.forEach((toleration, index) => {
    const shown = goValue(toleration, tolerationStruct);
    const key = JSON.stringify({ ...shown, TolerationSeconds: null });
    if (seen.has(key)) problems.duplicate(`scheduling.tolerations[${index}]`, shown);
    seen.add(key);
  });
}

export const validateIngressClass: Rule = (object, problems, old) => {
  const spec = part(object, 'spec');
  const controller = text(spec, 'controller') ?? '';
  const before = text(part(old, 'spec'), 'controller');
  if (before !== undefined && before !== controller) problems.invalid('spec.controller', controller, immutableMessage);
  if (controller === '') problems.required('spec.controller');
  else {
    if (controller.length > 250) problems.tooLong('spec.controller', 250);
    const slash = controller.indexOf('/');
    if (slash < 0 || slash === controller.length - 1)
      problems.invalid('spec.controller', controller, 'must be a domain-prefixed path (such as "acme.io/foo")');
    else
      for (const message of dnsSubdomain(controller.slice(0, slash)))
        problems.invalid('spec.controller', controller.slice(0, slash), message);
  }
  const parameters = part(spec, 'parameters');
  if (parameters === undefined) return;
  const at = 'spec.parameters';
  validateLocalReference(parameters, at, problems);
  const scope = text(parameters, 'scope');
  const namespace = text(parameters, 'namespace');
  if (scope === undefined) problems.required(`${at}.scope`);
  else if (scope !== 'Cluster' && scope !== 'Namespace')
    problems.unsupported(`${at}.scope`, scope, ['Cluster', 'Namespace']);
  if (scope === 'Namespace') {
    if (namespace === undefined) problems.required(`${at}.namespace`, "`parameters.scope` is set to 'Namespace'");
    else for (const message of dnsLabel(namespace)) problems.invalid(`${at}.namespace`, namespace, message);
  } else if (scope === 'Cluster' && namespace !== undefined) {
    problems.forbidden(`${at}.namespace`, "`parameters.scope` is set to 'Cluster'");
  }
};

export const validateIpAddress: Rule = (object, problems, old) => {
  const name = text(part(object, 'metadata'), 'name') ?? '';
  if (name !== '' && isIP(name) === 0) {
    problems.invalid('metadata.name', name, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');
  }
  const reference = part(part(object, 'spec'), 'parentRef');
  if (reference === undefined) {
    problems.required('spec.parentRef');
    if (part(part(old, 'spec'), 'parentRef') !== undefined) problems.invalid('spec.parentRef', null, immutableMessage);
    return;
  }
  const group = text(reference, 'group') ?? '';
  if (group !== '') for (const message of dnsSubdomain(group)) problems.invalid('spec.parentRef.group', group, message);
  for (const field of ['resource', 'name', 'namespace']) {
    const value = text(reference, field) ?? '';
    if (value === '') {
      if (field !== 'namespace') problems.required(`spec.parentRef.${field}`);
    } else for (const message of pathSegment(value)) problems.invalid(`spec.parentRef.${field}`, value, message);
  }
  const before = part(part(old, 'spec'), 'parentRef');
  if (before === undefined || sameData(reference, before)) return;
  const { resource = '', namespace = '', name: named = '' } = reference;
  problems.invalid(
    'spec.parentRef',
    { Group: group, Resource: resource, Namespace: namespace, Name: named },
    immutableMessage,
  );
};

export const validateServiceCidr: Rule = (object, problems, old) => {
  const given = part(object, 'spec')?.cidrs;
  const ranges = Array.isArray(given) ? (given as string[]) : [];
  const before = part(old, 'spec')?.cidrs;
  if (Array.isArray(before)) {
    const same = ranges.length === before.length || (before.length === 1 && ranges.length === 2);
    if (!same) problems.invalid('spec.cidrs', given ?? null, immutableMessage);
    else
      before.forEach((range: unknown, index) => {
        if (range !== ranges[index]) problems.invalid(`spec.cidrs[${index}]`, ranges[index], immutableMessage);
      });
    return;
  }
  if (ranges.length === 0) problems.required('spec.cidrs', 'at least one CIDR required');
  if (ranges.length > 2) problems.invalid('spec', given, 'may only hold up to 2 values');
  const families = new Set(ranges.filter(isCidr).map((range) => isIP(range.split('/')[0] ?? '')));
  if (ranges.length > 1 && ranges.every(isCidr) && families.size < ranges.length) {
    problems.invalid(
      'spec.cidrs',
      ranges,
      'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    );
  }
  ranges.forEach((range, index) => {
    if (!isCidr(range)) problems.invalid(`spec.cidrs[${index}]`, range, cidrMessage);
  });
};

export const validateLease: Rule = (object, problems) => {
  const spec = part(object, 'spec');
  const duration = spec?.leaseDurationSeconds;
  if (typeof duration === 'number' && duration <= 0)
    problems.invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0');
  const transitions = spec?.leaseTransitions;
  if (typeof transitions === 'number' && transitions < 0)
    problems.invalid('spec.leaseTransitions', transitions, negativeMessage);
};

const signer =
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[a-zA-Z0-9]([-a-zA-Z0-9_.:/]*[a-zA-Z0-9])?$/;

const knownUsages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

/** Whether the data, in base64, begin with a PEM block of a type. */
function hasBlock(data: string, type: string): boolean {
  return Buffer.from(data, 'base64').toString('latin1').includes(`-----BEGIN ${type}-----`);
}

export const validateCertificateRequest: Rule = (object, problems) => {
  const spec = part(object, 'spec');
  if (!hasBlock(text(spec, 'request') ?? '', 'CERTIFICATE REQUEST'))
    problems.invalid('spec.request', spec?.request ?? null, 'PEM block type must be CERTIFICATE REQUEST');
  const usages = Array.isArray(spec?.usages) ? (spec.usages as string[]) : [];
  if (usages.length === 0) problems.required('spec.usages');
  usages.forEach((usage, index) => {
    if (!knownUsages.includes(usage)) problems.unsupported(`spec.usages[${index}]`, usage, knownUsages);
  });
  usages.forEach((usage, index) => {
    if (usages.indexOf(usage) < index) problems.duplicate(`spec.usages[${index}]`, usage);
  });
  const name = text(spec, 'signerName') ?? '';
  if (name === '') problems.required('spec.signerName');
  else if (!signer.test(name)) {
    problems.invalid(
      'spec.signerName',
      name,
      "must be a fully qualified domain and path of the form 'example.com/signer-name'",
    );
  }
  const seconds = spec?.expirationSeconds;
  if (typeof seconds === 'number' && seconds < 600) {
    problems.invalid(
      'spec.expirationSeconds',
      seconds,
      'may not specify a duration less than 600 seconds (10 minutes)',
    );
  }
};
