import type { ErrorCause } from '../../errors/index.ts';
import { child, entry, forbidden, invalid, required, unsupported } from '../structural/causes.ts';
import type { CustomResourceDefinition } from '../structural/definition.ts';
import { dns1035Label, dnsSubdomain, isPort, portMessage } from './names.ts';

type Conversion = NonNullable<CustomResourceDefinition['spec']['conversion']>;

const accepted = ['v1', 'v1beta1'];
const path = 'spec.conversion';
const clientPath = child(path, 'webhookClientConfig');
const versionsPath = child(path, 'conversionReviewVersions');

/** `spec.conversion`; the paths are those of Kubernetes' own form, which has no `webhook` in between. */
export function validateConversion(conversion: Conversion | undefined): ErrorCause[] {
  if (conversion === undefined) return [];
  const { strategy, webhook } = conversion;
  const causes: ErrorCause[] = [];
  if (!strategy) causes.push(required(child(path, 'strategy')));
  else if (strategy !== 'None' && strategy !== 'Webhook') {
    causes.push(unsupported(child(path, 'strategy'), strategy, ['None', 'Webhook']));
  }
  if (strategy !== 'Webhook') {
    const only = 'should not be set when strategy is not set to Webhook';
    if (webhook?.clientConfig !== undefined) causes.push(forbidden(clientPath, only));
    if ((webhook?.conversionReviewVersions ?? []).length > 0) causes.push(forbidden(versionsPath, only));
    return causes;
  }
  if (webhook?.clientConfig === undefined) {
    causes.push(required(clientPath, 'required when strategy is set to Webhook'));
  } else {
    causes.push(...checkClient(webhook.clientConfig as ClientConfig));
  }
  return [...causes, ...checkReviewVersions(webhook?.conversionReviewVersions ?? [])];
}

interface ClientConfig {
  url?: string;
  service?: { namespace?: string; name?: string; path?: string; port?: number };
}

function checkClient({ url, service }: ClientConfig): ErrorCause[] {
  if ((url === undefined) === (service === undefined)) {
    return [required(clientPath, 'exactly one of url or service is required')];
  }
  if (url !== undefined) return checkUrl(url, child(clientPath, 'url'));
  return service === undefined ? [] : checkService(service, child(clientPath, 'service'));
}

const form = '; desired format: https://host[/path]';

function checkUrl(written: string, at: string): ErrorCause[] {
  const parsed =
    /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/(?:([^/?#@]*)@)?([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s.exec(written);
  const [, scheme = '', user, host = '', query = '', fragment = ''] = parsed ?? [];
  const causes: ErrorCause[] = [];
  if (scheme !== 'https') causes.push(invalid(at, scheme, `'https' is the only allowed URL scheme${form}`));
  if (host === '') causes.push(invalid(at, host, `host must be specified${form}`));
  if (user !== undefined) causes.push(invalid(at, user, 'user information is not permitted in the URL'));
  if (fragment !== '') causes.push(invalid(at, fragment, 'fragments are not permitted in the URL'));
  if (query !== '') causes.push(invalid(at, query, 'query parameters are not permitted in the URL'));
  return causes;
}

function checkService({ name, namespace, path: urlPath, port }: NonNullable<ClientConfig['service']>, at: string) {
  const causes: ErrorCause[] = [];
  // Kubernetes takes one for the other here: it tells an absent namespace as an absent name.
  if (!namespace) causes.push(required(child(at, 'name')));
  if (!name) causes.push(required(child(at, 'namespace')));
  if (!isPort(port)) causes.push(invalid(child(at, 'port'), port ?? 0, `port is not valid: ${portMessage}`));
  if (urlPath === undefined || urlPath === '' || urlPath === '/') return causes;
  const wrong = (message: string) => causes.push(invalid(child(at, 'path'), urlPath, message));
  if (urlPath === '//') {
    wrong('segment[0] may not be empty');
    return causes;
  }
  if (!urlPath.startsWith('/')) wrong(`must start with a '/'`);
  for (const [index, segment] of urlPath.slice(1).replace(/\/$/, '').split('/').entries()) {
    if (segment === '') wrong(`segment[${index}] may not be empty`);
    else for (const message of dnsSubdomain(segment)) wrong(`segment[${index}]: ${message}`);
  }
  return causes;
}

function checkReviewVersions(versions: readonly string[]): ErrorCause[] {
  if (versions.length === 0) return [required(versionsPath)];
  const causes: ErrorCause[] = [];
  for (const [index, version] of versions.entries()) {
    const at = entry(versionsPath, index);
    if (versions.indexOf(version) < index) causes.push(invalid(at, version, 'duplicate version'));
    else for (const message of dns1035Label(version)) causes.push(invalid(at, version, message));
  }
  if (!versions.some((version) => accepted.includes(version))) {
    causes.push(invalid(versionsPath, versions, `must include at least one of ${accepted.join(', ')}`));
  }
  return causes;
}
