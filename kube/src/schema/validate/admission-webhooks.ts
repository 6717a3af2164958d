import { AdmissionExpressions } from '../../admission/index.ts';
import { sameData } from '../../patch/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { validateMatchConditions } from './admission-conditions.ts';
import {
  failurePolicies,
  listed,
  oneOf,
  reinvocationPolicies,
  validateMatchPolicy,
  validateRule,
  validateSelectors,
} from './admission-rules.ts';
import { dns1035Label, dnsSubdomain, isPort, portMessage } from './names.ts';
import type { Problems } from './problems.ts';

const reviewVersions = ['v1', 'v1beta1'];
const noSideEffects = ['None', 'NoneOnDryRun'];
const anySideEffects = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];

/** MutatingWebhookConfiguration and ValidatingWebhookConfiguration. What an old one has wrong already may stay. */
export function validateWebhookConfiguration(configuration: Fields, problems: Problems, old?: Fields): void {
  const webhooks = parts(configuration, 'webhooks');
  const before = old ? parts(old, 'webhooks') : undefined;
  const was = (holds: (webhook: Fields) => boolean) => before?.every(holds) ?? true;
  const options: WebhookOptions = {
    sideEffects: was((webhook) => noSideEffects.includes(String(webhook.sideEffects))) ? noSideEffects : anySideEffects,
    needsKnownVersion: was(hasKnownVersion),
    skipsConditions:
      before?.length === webhooks.length && webhooks.every((one, index) => sameConditions(one, before[index])),
  };
  const uniqueBefore = before === undefined || new Set(before.map((one) => one.name)).size === before.length;
  const names = new Set<unknown>();
  for (const [index, webhook] of webhooks.entries()) {
    const at = `webhooks[${index}]`;
    validateWebhook(webhook, at, options, problems);
    if (!webhook.name || !uniqueBefore) continue;
    if (names.has(webhook.name)) problems.duplicate(`${at}.name`, webhook.name);
    names.add(webhook.name);
  }
}

interface WebhookOptions {
  sideEffects: readonly string[];
  needsKnownVersion: boolean;
  skipsConditions: boolean;
}

function validateWebhook(webhook: Fields, at: string, options: WebhookOptions, problems: Problems): void {
  validateQualified(text(webhook, 'name') ?? '', `${at}.name`, problems);
  for (const [index, rule] of parts(webhook, 'rules').entries()) {
    validateRule(rule, `${at}.rules[${index}]`, problems);
  }
  oneOf(webhook, 'failurePolicy', at, failurePolicies, problems);
  validateMatchPolicy(webhook, at, problems);
  if (webhook.sideEffects === undefined) {
    problems.required(`${at}.sideEffects`, `must specify one of ${options.sideEffects.join(', ')}`);
  }
  oneOf(webhook, 'sideEffects', at, options.sideEffects, problems);
  const { timeoutSeconds } = webhook;
  if (typeof timeoutSeconds === 'number' && (timeoutSeconds > 30 || timeoutSeconds < 1)) {
    problems.invalid(`${at}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds');
  }
  validateSelectors(webhook, at, problems);
  oneOf(webhook, 'reinvocationPolicy', at, reinvocationPolicies, problems);
  validateClientConfig(part(webhook, 'clientConfig') ?? {}, `${at}.clientConfig`, problems);
  if (!options.skipsConditions) {
    validateMatchConditions(webhook, at, new AdmissionExpressions({ hasParams: false, isComposed: false }), problems);
  }
  validateReviewVersions(webhook, `${at}.admissionReviewVersions`, options.needsKnownVersion, problems);
}

function validateQualified(name: string, at: string, problems: Problems): void {
  if (name === '') {
    problems.required(at);
    return;
  }
  const wrong = dnsSubdomain(name);
  if (wrong.length > 0) problems.invalid(at, name, wrong.join(','));
  else if (name.split('.').length < 3) {
    problems.invalid(at, name, 'should be a domain with at least three segments separated by dots');
  }
}

function validateReviewVersions(webhook: Fields, at: string, needsKnown: boolean, problems: Problems): void {
  const versions = listed(webhook, 'admissionReviewVersions').map(String);
  if (versions.length === 0) {
    problems.required(at, `must specify one of ${reviewVersions.join(', ')}`);
    return;
  }
  const seen = new Set<string>();
  for (const [index, version] of versions.entries()) {
    if (seen.has(version)) {
      problems.invalid(`${at}[${index}]`, version, 'duplicate version');
      continue;
    }
    seen.add(version);
    for (const message of dns1035Label(version)) problems.invalid(`${at}[${index}]`, version, message);
  }
  if (needsKnown && !hasKnownVersion(webhook)) {
    problems.invalid(at, versions, `must include at least one of ${reviewVersions.join(', ')}`);
  }
}

function hasKnownVersion(webhook: Fields): boolean {
  const versions = listed(webhook, 'admissionReviewVersions').map(String);
  return versions.length === 0 || versions.some((version) => reviewVersions.includes(version));
}

function sameConditions(webhook: Fields, old: Fields | undefined): boolean {
  return sameData(webhook.matchConditions ?? [], old?.matchConditions ?? []);
}

/** Where a webhook of admission or of conversion is. */
export function validateClientConfig(config: Fields, at: string, problems: Problems): void {
  const [url, service] = [text(config, 'url'), part(config, 'service')];
  if ((url === undefined) === (service === undefined)) {
    problems.required(at, 'exactly one of url or service is required');
  } else if (url !== undefined) validateUrl(url, `${at}.url`, problems);
  else if (service) validateService(service, `${at}.service`, problems);
}

const form = '; desired format: https://host[/path]';
/** The parts of a URL as RFC 3986, appendix B, takes them apart. */
const urlParts = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s;

function validateUrl(url: string, at: string, problems: Problems): void {
  const [, scheme = '', authority = '', query, fragment] = urlParts.exec(url) ?? [];
  const user = authority.includes('@') ? authority.slice(0, authority.lastIndexOf('@')) : undefined;
  const host = authority.slice(user === undefined ? 0 : user.length + 1);
  if (scheme.toLowerCase() !== 'https') problems.invalid(at, scheme, `'https' is the only allowed URL scheme${form}`);
  if (host === '') problems.invalid(at, host, `host must be specified${form}`);
  if (user !== undefined) problems.invalid(at, user, 'user information is not permitted in the URL');
  if (fragment) problems.invalid(at, fragment, 'fragments are not permitted in the URL');
  if (query) problems.invalid(at, query, 'query parameters are not permitted in the URL');
}

function validateService(service: Fields, at: string, problems: Problems): void {
  for (const field of ['name', 'namespace']) if (!text(service, field)) problems.required(`${at}.${field}`);
  if (service.port !== undefined && !isPort(service.port)) {
    problems.invalid(`${at}.port`, service.port, `port is not valid: ${portMessage}`);
  }
  const path = text(service, 'path') ?? '';
  if (path === '' || path === '/') return;
  if (path === '//') {
    problems.invalid(`${at}.path`, path, 'segment[0] may not be empty');
    return;
  }
  if (!path.startsWith('/')) problems.invalid(`${at}.path`, path, "must start with a '/'");
  const steps = path.slice(1).replace(/\/$/, '').split('/');
  for (const [index, step] of steps.entries()) {
    if (step === '') {
      problems.invalid(`${at}.path`, path, `segment[${index}] may not be empty`);
      continue;
    }
    for (const message of dnsSubdomain(step)) problems.invalid(`${at}.path`, path, `segment[${index}]: ${message}`);
  }
}
