import { ensure, type Fields, fill, fillAll, fillZero, part, parts, text } from '../fields.ts';

function defaultServicePort(clientConfig: Fields | undefined): void {
  const service = part(clientConfig, 'service');
  if (service !== undefined) fill(service, 'port', 443);
}

export function defaultWebhookConfiguration(configuration: Fields): void {
  for (const webhook of parts(configuration, 'webhooks')) {
    fillAll(webhook, { failurePolicy: 'Fail', matchPolicy: 'Equivalent', timeoutSeconds: 10 });
    fillAll(webhook, { namespaceSelector: {}, objectSelector: {} });
    if (configuration.kind === 'MutatingWebhookConfiguration') fill(webhook, 'reinvocationPolicy', 'Never');
    defaultServicePort(part(webhook, 'clientConfig'));
    for (const rule of parts(webhook, 'rules')) fill(rule, 'scope', '*');
  }
}

function defaultMatchResources(match: Fields | undefined): void {
  if (match === undefined) return;
  fillAll(match, { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} });
  for (const rule of [...parts(match, 'resourceRules'), ...parts(match, 'excludeResourceRules')])
    fill(rule, 'scope', '*');
}

/** Of both sorts: what validates and what mutates. */
export function defaultAdmissionPolicy(policy: Fields): void {
  const spec = ensure(policy, 'spec');
  fill(spec, 'failurePolicy', 'Fail');
  defaultMatchResources(part(spec, 'matchConstraints'));
}

export function defaultAdmissionPolicyBinding(binding: Fields): void {
  const spec = part(binding, 'spec');
  defaultMatchResources(part(spec, 'matchResources'));
}

export function defaultCustomResourceDefinition(definition: Fields): void {
  const spec = ensure(definition, 'spec');
  const names = ensure(spec, 'names');
  const kind = text(names, 'kind') ?? '';
  if (kind !== '') fillAll(names, { singular: kind.toLowerCase(), listKind: `${kind}List` });
  if (part(spec, 'conversion') === undefined) spec.conversion = { strategy: 'None' };
  defaultServicePort(part(part(part(spec, 'conversion'), 'webhook'), 'clientConfig'));
}

export function defaultApiService(apiService: Fields): void {
  defaultServicePort(part(apiService, 'spec'));
}

export function defaultFlowSchema(flowSchema: Fields): void {
  fillZero(ensure(flowSchema, 'spec'), { matchingPrecedence: 1000 });
}

export function defaultPriorityLevelConfiguration(configuration: Fields): void {
  const spec = ensure(configuration, 'spec');
  if (spec.type === 'Exempt') {
    fillAll(ensure(spec, 'exempt'), { nominalConcurrencyShares: 0, lendablePercent: 0 });
    return;
  }
  const limited = part(spec, 'limited');
  if (limited === undefined) return;
  fillAll(limited, { nominalConcurrencyShares: 30, lendablePercent: 0 });
  const queuing = part(part(limited, 'limitResponse'), 'queuing');
  if (queuing !== undefined) fillZero(queuing, { queues: 64, handSize: 8, queueLengthLimit: 50 });
}
