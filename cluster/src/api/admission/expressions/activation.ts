import type { Compiled } from '@berth/kube/admission';
import { type CelBudget, CelError, type CelValue, isCelError } from '@berth/kube/cel';
import type { KubeObject } from '@berth/kube/objects';
import type { Authorizer } from '../../authorization/authorizer.ts';
import type { ServedKind } from '../../kinds.ts';
import type { AdmissionRequest } from '../admission.ts';
import { shownName, shownNamespace } from '../matching/matcher.ts';
import { kindOf, resourceOf, type Versioned } from '../matching/versions.ts';
import { operationOptions } from '../options.ts';
import { userInfoOf } from '../user-info.ts';
import { authorizerVariables } from './authorizer.ts';

/** What expressions may name, by name; converted only as far as they look. */
export type Activation = Readonly<Record<string, unknown>>;

export interface ActivationParts {
  request: AdmissionRequest;
  /** The version in which the object is shown. */
  matched: ServedKind;
  shown: Versioned;
  params?: KubeObject | undefined;
  namespace?: KubeObject | undefined;
  authorizer: Authorizer;
}

export function activationOf({ request, matched, shown, params, namespace, authorizer }: ActivationParts): Activation {
  const asked = once(() => requestOf(request, matched));
  return {
    object: shown.object ?? null,
    oldObject: shown.old ?? null,
    ...authorizerVariables(request, authorizer),
    params: params ?? null,
    namespaceObject: namespace ? shownOfNamespace(namespace) : null,
    get request() {
      return asked();
    },
  };
}

/** `request`, as Kubernetes has it in JSON: what is empty is absent. */
function requestOf(request: AdmissionRequest, matched: ServedKind): Record<string, unknown> {
  const { call, subresource } = request;
  const part = subresource === '' ? undefined : subresource;
  const namespace = shownNamespace(request);
  const name = shownName(request);
  return {
    kind: kindOf(request, matched),
    resource: resourceOf(matched),
    subResource: part,
    requestKind: kindOf(request, call.kind),
    requestResource: resourceOf(call.kind),
    requestSubResource: part,
    name: name === '' ? undefined : name,
    namespace: namespace === '' ? undefined : namespace,
    operation: request.operation,
    userInfo: userInfoOf(call.user),
    dryRun: request.dryRun,
    options: operationOptions(request) ?? null,
  };
}

/** A namespace without what Kubernetes keeps from expressions: owners and managed fields. */
function shownOfNamespace({ metadata, spec, status }: KubeObject): Record<string, unknown> {
  const { managedFields: _fields, ownerReferences: _owners, ...rest } = metadata;
  return { metadata: rest, spec, status };
}

/** The activation with `variables`: each evaluated when it is first looked at, and once. */
export function withVariables(
  activation: Activation,
  compiled: ReadonlyMap<string, Compiled>,
  budget: CelBudget,
): Activation {
  const variables: Record<string, unknown> = {};
  const all = Object.defineProperties({}, Object.getOwnPropertyDescriptors(activation)) as Record<string, unknown>;
  all.variables = variables;
  for (const [name, variable] of compiled) {
    const value = once(() => variableValue(name, variable, all, budget));
    Object.defineProperty(variables, name, { get: value, enumerable: true });
  }
  return all;
}

function variableValue(
  name: string,
  { program, error }: Compiled,
  activation: Activation,
  budget: CelBudget,
): CelValue {
  const quoted = JSON.stringify(name);
  if (!program) throw new CelError('Evaluation', `composited variable ${quoted} fails to compile: ${error}`);
  try {
    return program.run(activation, budget);
  } catch (failure) {
    if (!isCelError(failure, 'Evaluation')) throw failure;
    const message = `composited variable ${quoted} fails to evaluate: ${failure.message}`;
    throw new CelError('Evaluation', message, { cause: failure });
  }
}

/** What `make` gave or threw the first time. */
function once<T>(make: () => T): () => T {
  let outcome: { value: T } | { error: unknown } | undefined;
  return () => {
    if (!outcome) {
      try {
        outcome = { value: make() };
      } catch (error) {
        outcome = { error };
      }
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };
}
