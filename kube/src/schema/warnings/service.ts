import { isIPv6 } from 'node:net';
import { type Fields, part, text } from '../fields.ts';
import { readAddress, textsOf } from '../validate/service-addresses.ts';

/** What Kubernetes warns of in a service: fields that mean nothing there. */
export function serviceWarnings(service: Fields): string[] {
  const spec = part(service, 'spec');
  const annotations = part(part(service, 'metadata'), 'annotations') ?? {};
  const type = text(spec, 'type');
  const has = (field: string) => {
    const value = spec?.[field];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== '';
  };
  const warnings: string[] = [];
  const hints = 'service.kubernetes.io/topology-aware-hints';
  if (Object.hasOwn(annotations, hints)) {
    warnings.push(`annotation ${hints} is deprecated, please use service.kubernetes.io/topology-mode instead`);
  }
  if (text(spec, 'clusterIP') !== 'None') warnings.push(...addressWarnings(spec, 'clusterIPs'));
  if (type === 'ClusterIP' && text(spec, 'clusterIP') === 'None') {
    if (has('loadBalancerIP')) warnings.push('spec.loadBalancerIP is ignored for headless services');
    if (has('externalIPs')) warnings.push('spec.externalIPs is ignored for headless services');
    if (text(spec, 'sessionAffinity') !== 'None')
      warnings.push('spec.SessionAffinity is ignored for headless services');
  }
  warnings.push(...addressWarnings(spec, 'externalIPs'));
  const balanced = text(spec, 'loadBalancerIP') ?? '';
  if (balanced !== '') warnings.push(...unusualAddress(balanced, 'spec.loadBalancerIP'));
  if (type === 'ExternalName' && has('externalIPs')) {
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  }
  if (type !== 'ExternalName' && has('externalName')) {
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  if (text(spec, 'trafficDistribution') === 'PreferClose') {
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  }
  return warnings;
}

function addressWarnings(spec: Fields | undefined, field: string): string[] {
  return textsOf(spec?.[field]).flatMap((address, index) => unusualAddress(address, `spec.${field}[${index}]`));
}

/** An address that is written otherwise than it should be. */
export function unusualAddress(address: string, at: string): string[] {
  const read = readAddress(address);
  if (read === undefined) return [];
  if (read !== address) {
    const said = 'will be considered invalid in a future Kubernetes release';
    return [`${at}: non-standard IP address "${address}" ${said}: use "${read}"`];
  }
  const usual = isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
  return usual === address
    ? []
    : [`${at}: IPv6 address "${address}" should be in RFC 5952 canonical format ("${usual}")`];
}
