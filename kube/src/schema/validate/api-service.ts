import { type Fields, part, text } from '../fields.ts';
import { dns1035Label, dnsSubdomain, isPort, portMessage } from './names.ts';
import type { Problems } from './problems.ts';

/** `apiregistration.k8s.io/v1` APIService. Source: `ValidateAPIService` of kube-aggregator. */
export function validateApiService(object: Fields, problems: Problems): void {
  const spec = part(object, 'spec') ?? {};
  const [group, version] = [text(spec, 'group') ?? '', text(spec, 'version') ?? ''];
  const name = `${version}.${group}`;
  const given = text(part(object, 'metadata'), 'name');
  if (given !== name) {
    const why = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`;
    problems.invalid('metadata.name', given, why);
  }
  if (group === '' && version !== 'v1') {
    problems.required('spec.group', 'only v1 may have an empty group and it better be legacy kube');
  }
  if (group !== '') for (const message of dnsSubdomain(group)) problems.invalid('spec.group', group, message);
  for (const message of dns1035Label(version)) problems.invalid('spec.version', version, message);
  for (const [field, most] of [
    ['groupPriorityMinimum', 20_000],
    ['versionPriority', 1000],
  ] as const) {
    const value = spec[field] ?? 0;
    if (typeof value === 'number' && value > 0 && value <= most) continue;
    problems.invalid(`spec.${field}`, value, `must be positive and less than ${most}`);
  }
  const service = part(spec, 'service');
  const caBundle = text(spec, 'caBundle') ?? '';
  const insecure = spec.insecureSkipTLSVerify === true;
  if (service === undefined) {
    if (caBundle !== '') {
      const bytes = Buffer.from(caBundle, 'base64').length;
      problems.invalid('spec.caBundle', `${bytes} bytes`, 'local APIServices may not have a caBundle');
    }
    if (insecure) {
      problems.invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify');
    }
    return;
  }
  for (const field of ['namespace', 'name']) {
    if (!text(service, field)) problems.required(`spec.service.${field}`);
  }
  const { port = 443 } = service;
  if (!isPort(port)) problems.invalid('spec.service.port', port, `port is not valid: ${portMessage}`);
  if (insecure && caBundle !== '') {
    problems.invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present');
  }
}
