import { isDeepStrictEqual } from 'node:util';
import { CelBudget, matchConditionsBudget } from '@berth/kube/cel';
import { BerthError } from '@berth/kube/errors';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { activationOf, withVariables } from '../expressions/activation.ts';
import { conditionsHold } from '../expressions/conditions.ts';
import { isConfiguration, isNamespaceItself, isQuestion } from '../matching/matcher.ts';
import { decodeIn, VersionedRequest } from '../matching/versions.ts';
import { Reinvocation, type Rounds } from '../reinvocation.ts';
import type { WebhookParts } from '../webhooks/concerned.ts';
import { type Invocation, invocationsOf } from './invocations.ts';
import { compileMutations, type Mutations, mutated } from './mutate.ts';
import { Policies } from './policies.ts';
import { nameOf } from './refused.ts';
import type { MutatingPolicySpec } from './types.ts';

const name = 'MutatingAdmissionPolicy';

interface Failure {
  message: string;
  reason: 'Forbidden' | 'Invalid';
}

/** Changes requests by the MutatingAdmissionPolicies that are bound, before webhooks are asked. */
export function mutatingPolicies(parts: WebhookParts): AdmissionPlugin {
  const policies = new Policies<MutatingPolicySpec, Mutations>(parts.storage, 'mutating', compileMutations);
  return {
    name,
    admit(request) {
      if (policies.all.length === 0 || request.operation === 'DELETE') return;
      if (isConfiguration(request) || isQuestion(request)) return;
      return admit(parts, policies, request);
    },
  };
}

async function admit(
  parts: WebhookParts,
  policies: Policies<MutatingPolicySpec, Mutations>,
  request: AdmissionRequest,
): Promise<void> {
  request.reinvocation ??= new Reinvocation();
  const rounds = request.reinvocation.of(name);
  if (request.reinvocation.isSecond) rounds.returnTo(request.object);
  const versioned = new VersionedRequest(request);
  const failures: Failure[] = [];
  for (const found of await invocationsOf(parts, policies.all, request)) {
    const { policy, binding } = found;
    const who = binding ? `policy '${policy.name}' with binding '${binding.name}'` : `policy "${policy.name}"`;
    const failed = (why: string, reason: Failure['reason']) => {
      if (!policy.ignoresFailure) failures.push({ message: `${who} denied request: ${why}`, reason });
    };
    if ('problem' in found) failed(found.problem, 'Forbidden');
    else for (const why of await invoke(parts, versioned, rounds, found)) failed(why, 'Invalid');
  }
  rounds.leave(request.object);
  const [first] = failures;
  if (first) throw refusal(request, first, failures);
}

/** Asks one policy; answers what failed. Each mutation sees what those before it made. */
async function invoke(
  parts: WebhookParts,
  versioned: VersionedRequest,
  rounds: Rounds,
  { policy, binding, matched, params }: Invocation<Mutations>,
): Promise<string[]> {
  const { request } = versioned;
  const { matcher, authorizer } = parts;
  const namespace = isNamespaceItself(request) ? undefined : matcher.namespaceOf(request)?.object;
  const shown = await versioned.in(matched);
  const activation = (object = shown.object) =>
    activationOf({ request, matched, shown: { ...shown, object }, params, namespace, authorizer });
  try {
    const budget = new CelBudget(matchConditionsBudget);
    const { ignoresFailure } = policy;
    const visible = withVariables(activation(), policy.variables, budget);
    if (!conditionsHold(policy.conditions, visible, { budget, ignoresFailure })) return [];
  } catch (error) {
    return [(error as Error).message];
  }
  const id = [policy.name, binding.name, params?.metadata.namespace, params?.metadata.name].join('/');
  if (request.reinvocation?.isSecond && !rounds.isWanted(id)) return [];
  const failures: string[] = [];
  const typed = request.shape
    ? { schema: undefined, catalogue: matched.schema.catalogue }
    : { schema: matched.schema.definition, catalogue: matched.schema.catalogue };
  let { object } = shown;
  for (const mutation of policy.compiled.mutations) {
    if (object === undefined) break;
    try {
      object = decodeIn(request, matched, mutated(policy, mutation, object, activation(object), typed));
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  if (object !== undefined && !isDeepStrictEqual(object, shown.object)) {
    await versioned.replace(matched, object);
    rounds.objectChanged();
    if (request.reinvocation) request.reinvocation.isNeeded = true;
  }
  if (policy.compiled.isCalledAgain) rounds.mayBeCalledAgain(id);
  return failures;
}

function refusal(request: AdmissionRequest, { message, reason }: Failure, all: readonly Failure[]): BerthError {
  const { group, resource } = request.call.kind.description;
  const details = {
    name: nameOf(request),
    ...(group === '' ? {} : { group }),
    kind: resource,
    causes: all.map((failure) => ({ message: failure.message })),
  };
  // As in Kubernetes, the reason may be another one than the code stands for.
  return new BerthError('Forbidden', message, { details, status: { code: 403, reason } });
}
