import { AdmissionExpressions, type Compiled } from '@berth/kube/admission';
import type { KubeObject } from '@berth/kube/objects';
import { resourcePrefix } from '../../storage/keys.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { StoredObject } from '../../storage/stored-object.ts';
import type { Criteria } from '../matching/matcher.ts';
import type { BindingSpec, MatchResources, ParamKind, ParamRef, PolicySpec, Specified } from './types.ts';

const group = 'admissionregistration.k8s.io';

/** A policy ready to be asked. `C` is what its sort of policy makes of its expressions. */
export interface Policy<C> {
  name: string;
  criteria: Criteria;
  paramKind: ParamKind | undefined;
  ignoresFailure: boolean;
  conditions: readonly Compiled[];
  variables: ReadonlyMap<string, Compiled>;
  compiled: C;
}

export interface Binding {
  name: string;
  policyName: string;
  /** Undefined: everything that the policy is for. */
  criteria: Criteria | undefined;
  paramRef: ParamRef | undefined;
  actions: readonly ('Deny' | 'Warn' | 'Audit')[];
}

export interface BoundPolicy<C> {
  policy: Policy<C>;
  bindings: readonly Binding[];
}

/** Compiles what is particular to one sort of policy; the variables are declared already. */
export type CompilePolicy<S extends PolicySpec, C> = (spec: S, expressions: AdmissionExpressions) => C;

/** The policies of one sort that are bound, as they are at this moment: a write counts once it is acknowledged. */
export class Policies<S extends PolicySpec, C> {
  readonly #storage: ObjectStorage;
  readonly #prefixes: { policies: string; bindings: string };
  readonly #compile: CompilePolicy<S, C>;
  readonly #compiled = new WeakMap<StoredObject, Policy<C>>();
  #all: readonly BoundPolicy<C>[] = [];
  #seen = { policies: -1, bindings: -1 };

  constructor(storage: ObjectStorage, sort: 'validating' | 'mutating', compile: CompilePolicy<S, C>) {
    this.#storage = storage;
    this.#compile = compile;
    this.#prefixes = {
      policies: resourcePrefix(group, `${sort}admissionpolicies`),
      bindings: resourcePrefix(group, `${sort}admissionpolicybindings`),
    };
  }

  get all(): readonly BoundPolicy<C>[] {
    const { policies, bindings } = this.#prefixes;
    const seen = { policies: this.#storage.revisionOf(policies), bindings: this.#storage.revisionOf(bindings) };
    if (seen.policies !== this.#seen.policies || seen.bindings !== this.#seen.bindings) {
      this.#seen = seen;
      const byPolicy = Map.groupBy(this.#storage.list(bindings).map(bindingOf), ({ policyName }) => policyName);
      this.#all = this.#storage.list(policies).flatMap((stored) => {
        const bound = byPolicy.get(stored.object.metadata.name);
        return bound ? [{ policy: this.#of(stored), bindings: bound }] : [];
      });
    }
    return this.#all;
  }

  #of(stored: StoredObject): Policy<C> {
    const known = this.#compiled.get(stored) ?? this.#read(stored.object);
    this.#compiled.set(stored, known);
    return known;
  }

  #read(object: KubeObject): Policy<C> {
    const { spec } = object as Specified<S>;
    const expressions = new AdmissionExpressions({ hasParams: spec.paramKind !== undefined, isComposed: true });
    const variables = (spec.variables ?? []).map(
      ({ name, expression }) => [name, expressions.variable(name, expression)] as const,
    );
    return {
      name: object.metadata.name,
      criteria: criteriaOf(spec.matchConstraints ?? {}, true),
      paramKind: spec.paramKind,
      ignoresFailure: spec.failurePolicy === 'Ignore',
      variables: new Map(variables),
      conditions: (spec.matchConditions ?? []).map(({ expression }) => expressions.condition(expression)),
      compiled: this.#compile(spec, expressions),
    };
  }
}

function bindingOf({ object }: StoredObject): Binding {
  const { metadata, spec } = object as Specified<BindingSpec>;
  return {
    name: metadata.name,
    policyName: spec.policyName,
    criteria: spec.matchResources && criteriaOf(spec.matchResources, false),
    paramRef: spec.paramRef,
    actions: spec.validationActions ?? [],
  };
}

/** A binding without rules is for all that the policy is for. */
function criteriaOf(match: MatchResources, needsRules: boolean): Criteria {
  const rules = match.resourceRules ?? [];
  return {
    rules: rules.length === 0 && !needsRules ? undefined : rules,
    excluded: match.excludeResourceRules ?? [],
    matchPolicy: match.matchPolicy,
    namespaceSelector: match.namespaceSelector ?? {},
    objectSelector: match.objectSelector ?? {},
  };
}
