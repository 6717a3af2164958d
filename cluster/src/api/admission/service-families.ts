import { isIPv6 } from 'node:net';
import type { ErrorCause } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import { readAddress, serviceAddressCauses } from '@berth/kube/schema';

/** The families that the cluster gives addresses of. */
const configured: readonly string[] = ['IPv4'];

interface Addressed {
  type?: string;
  clusterIP?: string;
  clusterIPs?: string[];
  ipFamilies?: string[];
  ipFamilyPolicy?: string;
  selector?: Record<string, string>;
}

/**
 * Gives a service, in place, the address families and the policy that it leaves open; answers why that cannot be.
 * Source: `initIPFamilyFields` of `k8s.io/kubernetes/pkg/registry/core/service/storage`.
 */
export function completeFamilies(service: KubeObject, old: KubeObject | undefined): ErrorCause[] {
  const spec = service.spec as Addressed;
  const before = old?.spec as Addressed | undefined;
  if (spec.type === 'ExternalName') return [];
  if (spec.clusterIP && (spec.clusterIPs ?? []).length === 0) spec.clusterIPs = [spec.clusterIP];
  const isOpen = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  // Headless and without selector, its endpoints are somebody else's, of whatever family.
  spec.ipFamilyPolicy ??= before?.ipFamilyPolicy ?? (isOpen ? 'RequireDualStack' : 'SingleStack');
  const wrong = serviceAddressCauses(service, old);
  if (wrong.length > 0) return wrong;
  const causes = [...released(spec, before), ...tooMany(spec), ...inferFamilies(spec)];
  if (causes.length > 0) return causes;
  if (isOpen) {
    const [first = 'IPv4', second] = spec.ipFamilies ?? [];
    if (second === undefined)
      spec.ipFamilies = spec.ipFamilyPolicy === 'SingleStack' ? [first] : [first, first === 'IPv4' ? 'IPv6' : 'IPv4'];
    return [];
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack') {
    causes.push(aboutPolicy(spec, 'this cluster is not configured for dual-stack services'));
  }
  (spec.ipFamilies ?? []).forEach((family, index) => {
    if (!configured.includes(family))
      causes.push(cause(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
  });
  if (causes.length === 0 && (spec.ipFamilies ?? []).length === 0) spec.ipFamilies = ['IPv4'];
  return causes;
}

/** Who gives up the second address or family says that one is enough; then what was not changed shrinks by itself. */
function released(spec: Addressed, before: Addressed | undefined): ErrorCause[] {
  const causes: ErrorCause[] = [];
  for (const [field, what] of [
    ['clusterIPs', 'cluster IP'],
    ['ipFamilies', 'IP family'],
  ] as const) {
    const [now, had] = [spec[field] ?? [], before?.[field] ?? []];
    if (before && spec.ipFamilyPolicy === 'SingleStack') {
      if (now.length > 1 && now.join() === had.join()) spec[field] = now.slice(0, 1);
    } else if (spec.ipFamilyPolicy !== 'SingleStack' && now.length > 0 && now.length < had.length)
      causes.push(aboutPolicy(spec, `must be 'SingleStack' to release the secondary ${what}`));
  }
  return causes;
}

function tooMany(spec: Addressed): ErrorCause[] {
  if (spec.ipFamilyPolicy !== 'SingleStack') return [];
  return [[spec.clusterIPs, 'cluster IPs'] as const, [spec.ipFamilies, 'IP families'] as const].flatMap(
    ([list, what]) =>
      list?.length === 2
        ? [aboutPolicy(spec, `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`)]
        : [],
  );
}

/** An address tells its family. */
function inferFamilies(spec: Addressed): ErrorCause[] {
  const causes: ErrorCause[] = [];
  for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
    if (address === 'None') break;
    if (index < (spec.ipFamilies ?? []).length) continue;
    const family = isIPv6(readAddress(address) ?? '') ? 'IPv6' : 'IPv4';
    if (configured.includes(family)) spec.ipFamilies = [...(spec.ipFamilies ?? []), family];
    else
      causes.push(cause(`spec.clusterIPs[${index}]`, spec.clusterIPs, `${family} is not configured on this cluster`));
  }
  return causes;
}

const aboutPolicy = (spec: Addressed, why: string) => cause('spec.ipFamilyPolicy', spec.ipFamilyPolicy, why);

function cause(field: string, value: unknown, why: string): ErrorCause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}
