import { type Fields, part, text } from '../fields.ts';

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
  if (type === 'ClusterIP' && text(spec, 'clusterIP') === 'None') {
    if (has('loadBalancerIP')) warnings.push('spec.loadBalancerIP is ignored for headless services');
    if (has('externalIPs')) warnings.push('spec.externalIPs is ignored for headless services');
    if (text(spec, 'sessionAffinity') !== 'None')
      warnings.push('spec.SessionAffinity is ignored for headless services');
  }
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
