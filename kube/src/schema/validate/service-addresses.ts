import { isIP } from 'node:net';
import type { ErrorCause } from '../../errors/index.ts';
import type { KubeObject } from '../../objects/index.ts';
import { sameData } from '../../patch/index.ts';
import { type Fields, part, text } from '../fields.ts';
import { immutableMessage } from './names.ts';
import { Problems } from './problems.ts';

const families = ['IPv4', 'IPv6'];
const familyPolicies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];

export const ipMessage = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

/**
 * An address as the fields read it that are older than strict addresses: the parts of IPv4 may begin with zeros, which
 * the answer does not have. Undefined when it is none.
 */
export function readAddress(value: string): string | undefined {
  // As Go takes it, an IPv4 address in an IPv6 one is the IPv4 address.
  const inner = /^::ffff:(?=[\d.]+$)/i.test(value) ? value.slice(7) : value;
  const plain = /^\d+(\.\d+){3}$/.test(inner) ? inner.replace(/(^|\.)0+(?=\d)/g, '$1') : inner;
  return isIP(plain) > 0 && !plain.includes('%') ? plain : undefined;
}

/** A list of strings, empty when absent. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}

/** Who knows only the old field gives only that. */
export function addressesOf(spec: Fields): string[] {
  const all = textsOf(spec.clusterIPs);
  if (all.length > 0) return all;
  const first = text(spec, 'clusterIP') ?? '';
  return first === '' ? [] : [first];
}

/** What is wrong with the addresses and families of a service, for who gives it the missing ones. */
export function serviceAddressCauses(service: KubeObject, old: KubeObject | undefined): ErrorCause[] {
  const problems = new Problems();
  validateServiceAddresses(part(service, 'spec') ?? {}, part(old, 'spec'), problems);
  return problems.causes;
}

/** Addresses and families: the old field is the first of the new one, and no family comes twice. */
export function validateServiceAddresses(spec: Fields, old: Fields | undefined, problems: Problems): void {
  if (spec.type === 'ExternalName') return;
  const first = text(spec, 'clusterIP') ?? '';
  const addresses = addressesOf(spec);
  const at = 'spec.clusterIPs';
  if (first === '' && addresses.length > 0) {
    problems.invalid(at, addresses, 'must be empty when `clusterIP` is not specified');
  } else if (first !== '' && addresses[0] !== first) {
    problems.invalid(at, addresses, 'first value must match `clusterIP`');
  }
  validateFamilies(spec, problems);
  if (!validateEach(addresses, textsOf(old?.clusterIPs), problems)) return;
  const kinds = new Set(addresses.map((address) => isIP(readAddress(address) ?? '')));
  if (addresses.length > 1 && kinds.size < 2) {
    problems.invalid(at, addresses, 'may specify no more than one IP for each IP family');
  }
  const given = textsOf(spec.ipFamilies);
  if (first === 'None') return;
  addresses.forEach((address, index) => {
    const family = given[index] ?? '';
    if (families.includes(family) && family !== `IPv${isIP(readAddress(address) ?? '')}`) {
      problems.invalid(
        `${at}[${index}]`,
        address,
        `expected an ${family} value as indicated by \`ipFamilies[${index}]\``,
      );
    }
  });
}

function validateFamilies(spec: Fields, problems: Problems): void {
  const given = textsOf(spec.ipFamilies);
  given.forEach((family, index) => {
    if (!families.includes(family)) problems.unsupported(`spec.ipFamilies[${index}]`, family, families);
    if (given.indexOf(family) < index) problems.duplicate(`spec.ipFamilies[${index}]`, family);
  });
  const policy = text(spec, 'ipFamilyPolicy');
  if (policy !== undefined && !familyPolicies.includes(policy))
    problems.unsupported('spec.ipFamilyPolicy', policy, familyPolicies);
}

/** Whether each is an address, or the only one and none at all. */
function validateEach(addresses: readonly string[], before: readonly string[], problems: Problems): boolean {
  let fine = true;
  addresses.forEach((address, index) => {
    if (index === 0 && address === 'None') {
      if (addresses.length === 1) return;
      problems.invalid('spec.clusterIPs', addresses, "'None' must be the first and only value");
    } else if (readAddress(address) !== undefined || before.includes(address)) return;
    else problems.invalid(`spec.clusterIPs[${index}]`, address, ipMessage);
    fine = false;
  });
  if (addresses.length > 2) problems.invalid('spec.clusterIPs', addresses, 'may only hold up to 2 values');
  return fine;
}

export const needsHealthCheck = (spec: Fields) =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

/** Once a service has its address, it keeps it, except on the way from or to ExternalName. */
export function validateServiceUpdate(spec: Fields, old: Fields | undefined, problems: Problems): void {
  if (old === undefined) return;
  if (old.type !== 'ExternalName' && spec.type !== 'ExternalName') {
    const [before, now] = [addressesOf(old), addressesOf(spec)];
    const [wasHeadless, isHeadless] = [before[0] === 'None', now[0] === 'None'];
    if (!wasHeadless || !isHeadless) validateAddressesUpdate(before, now, spec, problems);
    if (!wasHeadless && !isHeadless) validateFamiliesUpdate(spec, old, now, problems);
  }
  if (old.type === 'LoadBalancer' && spec.type === 'LoadBalancer' && spec.loadBalancerClass !== old.loadBalancerClass)
    problems.invalid('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set');
  if (needsHealthCheck(old) && needsHealthCheck(spec)) {
    if (old.healthCheckNodePort && spec.healthCheckNodePort !== old.healthCheckNodePort)
      problems.forbidden('spec.healthCheckNodePort', immutableMessage);
  }
}

const unchanged = 'may not change once set';

function validateAddressesUpdate(before: string[], now: string[], spec: Fields, problems: Problems): void {
  const at = 'spec.clusterIPs[0]';
  if (before.length === now.length) {
    before.forEach((address, index) => {
      if (address !== now[index]) problems.invalid(`spec.clusterIPs[${index}]`, now, unchanged);
    });
    return;
  }
  if (now.length === 0) problems.invalid(at, spec.clusterIPs ?? null, 'primary clusterIP can not be unset');
  else if (before.length > 0 && before[0] !== now[0]) problems.invalid(at, now, unchanged);
  if (before.length > now.length && now.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    const message = "must be set to 'SingleStack' when releasing the secondary clusterIP";
    problems.invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy ?? null, message);
  }
}

function validateFamiliesUpdate(spec: Fields, old: Fields, addresses: string[], problems: Problems): void {
  const [before, now] = [textsOf(old.ipFamilies), textsOf(spec.ipFamilies)];
  if (sameData(before, now)) return;
  const at = 'spec.ipFamilies[0]';
  if (before.length === now.length) {
    for (const [index, family] of before.entries()) {
      if (family !== now[index]) problems.invalid(at, now, unchanged);
    }
    return;
  }
  if (before.length > now.length && addresses.length === 0)
    problems.invalid(at, spec.ipFamilies ?? null, 'primary ipFamily can not be unset');
  // Kubernetes shows the addresses here.
  if (before.length > 0 && now.length > 0 && before[0] !== now[0]) problems.invalid(at, addresses, unchanged);
  if (before.length > now.length && now.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    const message = "must be set to 'SingleStack' when releasing the secondary ipFamily";
    problems.invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy ?? null, message);
  }
}
