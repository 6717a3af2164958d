import type { KubeObject } from '@berth/kube/objects';
import type { ServedKind } from '../../kinds.ts';
import type { AdmissionRequest } from '../admission.ts';
import { type Matcher, shownNamespace } from '../matching/matcher.ts';
import { type ParamSource, paramKindOf, paramsOf } from './params.ts';
import type { Binding, BoundPolicy, Policy } from './policies.ts';

/** A policy that is to be asked, for one binding and one of its parameters. */
export interface Invocation<C> {
  policy: Policy<C>;
  binding: Binding;
  matched: ServedKind;
  params: KubeObject | undefined;
}

/** A policy that cannot be asked, since it or its binding is configured wrongly. */
export interface Misconfigured<C> {
  policy: Policy<C>;
  binding: Binding | undefined;
  problem: string;
}

/** Which policies a request concerns. Those that cannot be asked come with what is wrong, unless failures are ignored. */
export async function invocationsOf<C>(
  parts: ParamSource & { matcher: Matcher },
  policies: readonly BoundPolicy<C>[],
  request: AdmissionRequest,
): Promise<(Invocation<C> | Misconfigured<C>)[]> {
  const found: (Invocation<C> | Misconfigured<C>)[] = [];
  for (const { policy, bindings } of policies) {
    const wrong = (problem: unknown, binding?: Binding) => {
      if (policy.ignoresFailure) return;
      const what = `failed to configure ${binding ? 'binding' : 'policy'}`;
      found.push({ policy, binding, problem: `${what}: ${(problem as Error).message}` });
    };
    let matched: ServedKind | undefined;
    let paramKind: ServedKind | undefined;
    try {
      matched = parts.matcher.match(request, policy.criteria);
      if (!matched) continue;
      paramKind = policy.paramKind && paramKindOf(parts, policy.paramKind);
    } catch (error) {
      wrong(error);
      continue;
    }
    for (const binding of bindings) {
      try {
        if (binding.criteria && !parts.matcher.match(request, binding.criteria)) continue;
        for (const params of await paramsOf(parts, paramKind, binding.paramRef, shownNamespace(request))) {
          found.push({ policy, binding, matched, params });
        }
      } catch (error) {
        wrong(error, binding);
      }
    }
  }
  return found;
}
