import { BerthError, type BerthErrorCode } from '@berth/kube/errors';
import { forbidden } from '../../faults.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { activationOf } from '../expressions/activation.ts';
import { isConfiguration, isNamespaceItself, isQuestion } from '../matching/matcher.ts';
import { VersionedRequest } from '../matching/versions.ts';
import type { WebhookParts } from '../webhooks/concerned.ts';
import { type Invocation, invocationsOf } from './invocations.ts';
import { Policies } from './policies.ts';
import { nameOf } from './refused.ts';
import type { ValidatingPolicySpec } from './types.ts';
import { compileValidations, type Judgement, judge, type Validations } from './validate.ts';

type Denial = { policy: string; binding: string | undefined; message: string; reason: string };

/** Of a policy's audit annotations by their names: what its bindings and parameters made of them. */
type Annotations = Map<string, Set<string>>;

/** Holds requests against the ValidatingAdmissionPolicies that are bound. */
export function validatingPolicies(parts: WebhookParts): AdmissionPlugin {
  const policies = new Policies<ValidatingPolicySpec, Validations>(parts.storage, 'validating', compileValidations);
  return {
    name: 'ValidatingAdmissionPolicy',
    check(request) {
      if (policies.all.length === 0 || isConfiguration(request) || isQuestion(request)) return;
      return check(parts, policies, request);
    },
  };
}

async function check(
  parts: WebhookParts,
  policies: Policies<ValidatingPolicySpec, Validations>,
  request: AdmissionRequest,
): Promise<void> {
  const versioned = new VersionedRequest(request);
  const denials: Denial[] = [];
  const noted: Annotations = new Map();
  for (const found of await invocationsOf(parts, policies.all, request)) {
    const [policy, binding] = [found.policy.name, found.binding?.name];
    if ('problem' in found) denials.push({ policy, binding, message: found.problem, reason: '' });
    else denials.push(...(await denialsOf(parts, versioned, found, noted)));
  }
  for (const [key, values] of noted) request.call.record?.annotate(key, [...values].join(', '));
  const [first] = denials;
  if (first) throw refusal(request, first);
}

async function denialsOf(
  parts: WebhookParts,
  versioned: VersionedRequest,
  { policy, binding, matched, params }: Invocation<Validations>,
  noted: Annotations,
): Promise<Denial[]> {
  const { request } = versioned;
  const denial = { policy: policy.name, binding: binding.name };
  let shown: Awaited<ReturnType<VersionedRequest['in']>>;
  try {
    shown = await versioned.in(matched);
  } catch (error) {
    const message = `failed to configure binding: failed to convert object version: ${(error as Error).message}`;
    return policy.ignoresFailure ? [] : [{ ...denial, message, reason: '' }];
  }
  const namespace = isNamespaceItself(request) ? undefined : parts.matcher.namespaceOf(request)?.object;
  const { authorizer } = parts;
  const activation = activationOf({ request, matched, shown, params, namespace, authorizer });
  const judgement = judge(policy, activation);
  const { objections, failures } = judgement;
  if (binding.actions.includes('Warn')) {
    const about = `Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}'`;
    request.call.warnings.push(...objections.map(({ message }) => `${about}: ${message}`));
  }
  record(request, denial, binding.actions, judgement, noted);
  const denied = binding.actions.includes('Deny') ? objections : [];
  return [
    ...denied.map(({ message, reason }) => ({ ...denial, message, reason })),
    ...failures.map((message) => ({ ...denial, message, reason: '' })),
  ];
}

/** What the request's record is to know of a judgement; of several failures it knows the first. */
function record(
  { call }: AdmissionRequest,
  about: { policy: string; binding: string },
  validationActions: readonly string[],
  { objections, annotations }: Judgement,
  noted: Annotations,
): void {
  if (!call.record) return;
  for (const { key, value } of annotations) {
    const name = `${about.policy}/${key}`;
    noted.set(name, (noted.get(name) ?? new Set()).add(value));
  }
  const [first] = validationActions.includes('Audit') ? objections : [];
  if (!first) return;
  const failure = { message: first.message, ...about, expressionIndex: first.index, validationActions };
  call.record.annotate('validation.policy.admission.k8s.io/validation_failure', JSON.stringify([failure]));
}

const codes: readonly BerthErrorCode[] = ['Forbidden', 'Unauthorized', 'RequestEntityTooLarge', 'Invalid'];

function refusal(request: AdmissionRequest, { policy, binding, message, reason }: Denial): BerthError {
  const who = `ValidatingAdmissionPolicy '${policy}'${binding === undefined ? '' : ` with binding '${binding}'`}`;
  const why = `${who} denied request: ${message}`;
  const whole = forbidden(request.call.kind.description, nameOf(request), why);
  const code = codes.find((one) => one === reason) ?? 'Invalid';
  return new BerthError(code, whole.message, { details: { ...whole.details, causes: [{ message: why }] } });
}
