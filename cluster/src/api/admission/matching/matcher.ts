import { type LabelSelectorObject, labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { notFound } from '../../faults.ts';
import type { KindRegistry, ServedKind } from '../../kinds.ts';
import { objectKey, resourcePrefix } from '../../storage/keys.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { StoredObject } from '../../storage/stored-object.ts';
import type { AdmissionRequest } from '../admission.ts';
import { matchesRule, type Requested, type Rule } from './rules.ts';

/** What a webhook, a policy or a binding wants to be asked about. */
export interface Criteria {
  /** None: everything, as a binding has it. */
  rules: readonly Rule[] | undefined;
  excluded?: readonly Rule[];
  matchPolicy?: string | undefined;
  namespaceSelector?: LabelSelectorObject | undefined;
  objectSelector?: LabelSelectorObject | undefined;
}

const namespaces = resourcePrefix('', 'namespaces');
const policyGroup = 'admissionregistration.k8s.io';

/** Decides which requests concern whom. */
export class Matcher {
  readonly #storage: ObjectStorage;
  readonly #kinds: KindRegistry;
  #equivalents: ReadonlyMap<string, readonly ServedKind[]> = new Map();
  #generation = -1;

  constructor(storage: ObjectStorage, kinds: KindRegistry) {
    this.#storage = storage;
    this.#kinds = kinds;
  }

  /**
   * The version in which the request is to be shown, or undefined when it does not concern those who have the criteria.
   * Throws `NotFound` when a selector needs a namespace that is not there.
   */
  match(request: AdmissionRequest, criteria: Criteria): ServedKind | undefined {
    const { call } = request;
    const requested = requestedBy(request);
    const isEquivalent = criteria.matchPolicy !== 'Exact';
    if (this.#first(criteria.excluded ?? [], call.kind, requested, isEquivalent)) return undefined;
    const matched = criteria.rules ? this.#first(criteria.rules, call.kind, requested, isEquivalent) : call.kind;
    if (!matched) return undefined;
    if (!matchesObject(request, criteria.objectSelector)) return undefined;
    return this.#matchesNamespace(request, criteria.namespaceSelector) ? matched : undefined;
  }

  /** The namespace that an object is in; undefined for what is in none. Throws `NotFound`. */
  namespaceOf(request: AdmissionRequest): StoredObject | undefined {
    if (request.namespace === '') return undefined;
    return this.namespace(request.namespace);
  }

  namespace(name: string): StoredObject {
    const found = this.#storage.get(objectKey(namespaces, undefined, name));
    if (!found) throw notFound({ group: '', resource: 'namespaces' }, name);
    return found;
  }

  /** The version asked for where a rule names it, else another version of the same objects that one names. */
  #first(
    rules: readonly Rule[],
    kind: ServedKind,
    requested: Requested,
    isEquivalent: boolean,
  ): ServedKind | undefined {
    if (rules.some((rule) => matchesRule(rule, requested))) return kind;
    if (!isEquivalent || rules.length === 0) return undefined;
    const others = this.#others(kind);
    for (const rule of rules) {
      for (const other of others) {
        const { group, version, resource } = other.description;
        if (matchesRule(rule, { ...requested, group, version, resource })) return other;
      }
    }
    return undefined;
  }

  #others(kind: ServedKind): readonly ServedKind[] {
    if (this.#generation !== this.#kinds.generation) {
      this.#generation = this.#kinds.generation;
      this.#equivalents = Map.groupBy<string, ServedKind>(this.#kinds.all(), ({ prefix }) => prefix);
    }
    return this.#equivalents.get(kind.prefix)?.filter((other) => other !== kind) ?? [];
  }

  #matchesNamespace(request: AdmissionRequest, selector: LabelSelectorObject | undefined): boolean {
    const requirements = labelSelectorOf(selector);
    if (requirements === undefined) return false;
    const isNamespace = isNamespaceItself(request);
    const name = isNamespace ? request.name : request.namespace;
    if (requirements.length === 0 || (name === '' && !isNamespace)) return true;
    const written = request.operation === 'CREATE' || request.operation === 'UPDATE';
    // A namespace that is being written is judged by the labels that it is to have.
    const labels =
      isNamespace && written && request.subresource === ''
        ? request.object.metadata.labels
        : this.namespace(name).object.metadata.labels;
    return matchesLabels(requirements, labels);
  }
}

/** Whether the object or what it replaces has the labels. What has no metadata has none that are asked for. */
function matchesObject(request: AdmissionRequest, selector: LabelSelectorObject | undefined): boolean {
  const requirements = labelSelectorOf(selector);
  if (requirements === undefined) return false;
  if (requirements.length === 0) return true;
  const { object, old, operation } = request;
  const shown = operation === 'DELETE' ? [old] : [object, old];
  return shown.some((one) => one?.metadata !== undefined && matchesLabels(requirements, one.metadata.labels));
}

export function isNamespaceItself({ call }: AdmissionRequest): boolean {
  const { group, resource } = call.kind.description;
  return group === '' && resource === 'namespaces';
}

/** The name as outsiders are told it: none for a collection, of which each object is asked about by itself. */
export function shownName({ call, name }: AdmissionRequest): string {
  return call.verb === 'deletecollection' ? '' : name;
}

/** As Kubernetes has it, a request for a Namespace is in the namespace of that name. */
export function shownNamespace(request: AdmissionRequest): string {
  return isNamespaceItself(request) ? request.name : request.namespace;
}

function requestedBy(request: AdmissionRequest): Requested {
  const { group, version, resource } = request.call.kind.description;
  return {
    operation: request.operation,
    group,
    version,
    resource,
    subresource: request.subresource,
    name: shownName(request),
    isNamespaced: request.namespace !== '' && !isNamespaceItself(request),
  };
}

const configurations = new Set([
  'mutatingwebhookconfigurations',
  'validatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
]);

/** Nobody is asked about the configuration of admission itself, so that a wrong one can be taken away. */
export function isConfiguration({ call }: AdmissionRequest): boolean {
  const { group, resource } = call.kind.description;
  return group === policyGroup && configurations.has(resource);
}

const questions: Readonly<Record<string, readonly string[]>> = {
  'authentication.k8s.io': ['selfsubjectreviews', 'tokenreviews'],
  'authorization.k8s.io': [
    'localsubjectaccessreviews',
    'selfsubjectaccessreviews',
    'selfsubjectrulesreviews',
    'subjectaccessreviews',
  ],
};

/** Questions on who one is and what one may, without which a cluster cannot be repaired: policies leave them alone. */
export function isQuestion({ call }: AdmissionRequest): boolean {
  const { group, resource } = call.kind.description;
  return Object.hasOwn(questions, group) && questions[group]?.includes(resource) === true;
}
