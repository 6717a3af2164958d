import { invalidError } from '@berth/kube/schema';
import { admitted } from './admission/values.ts';
import type { AuditNotes } from './audit/notes.ts';
import type { Attributes } from './authorization/authorizer.ts';
import { demand } from './authorization/demand.ts';
import { selectionIn } from './authorization/selection.ts';
import type { Answer, Call } from './call.ts';
import { methodNotAllowed, notFound, PageNotFound, unknownPath } from './faults.ts';
import type { Target } from './http/route.ts';
import type { ServedKind } from './kinds.ts';
import type { Machinery } from './machinery.ts';
import { owned } from './schema/ownership.ts';
import { complete } from './schema/steps.ts';
import type { Subresources } from './subresources/subresources.ts';
import type { User } from './types.ts';
import { readComputed } from './verbs/computed.ts';
import { bodyObject } from './verbs/decode.ts';
import { verbs } from './verbs/index.ts';

/**
 * What every request goes through, over HTTPS or in process: authorize → decode → admit → validate → store. The caller
 * has authenticated the user, and encodes the answer.
 */
export class Pipeline {
  readonly machinery: Machinery;
  readonly #subresources: Subresources;

  constructor(machinery: Machinery, subresources: Subresources) {
    this.machinery = machinery;
    this.#subresources = subresources;
  }

  /** The kind and subresource that a target names. Throws `NotFound` when they are not served. */
  resolve(target: Target): Pick<Call, 'kind' | 'subresource'> {
    const kind = this.machinery.kinds.get(target.group, target.version, target.resource);
    if (!kind) throw this.machinery.kinds.hasBuiltInGroup(target.group) ? unknownPath() : new PageNotFound();
    // What belongs to the cluster is not reached through a namespace, whose roles do not reach that far.
    if (target.namespace !== '' && !kind.description.namespaced) throw unknownPath();
    if (target.subresource === '') return { kind, subresource: undefined };
    const [name = '', ...further] = target.subresource.split('/');
    const subresource = kind.subresources.get(name);
    if (!subresource) throw kind.isCustom ? notFound(kind.description, target.name) : unknownPath();
    // Only what is behind a proxy has paths of its own.
    if (further.length > 0 && name !== 'proxy') throw unknownPath();
    return { kind, subresource };
  }

  /** Throws `Forbidden` in Kubernetes' words unless the user may. */
  authorize(user: User, attributes: Attributes, record?: AuditNotes): void {
    demand(this.machinery.authorizer, user, attributes, record);
  }

  /** Throws `MethodNotAllowed` for what cannot be done to the kind, whatever the body says. */
  checkVerb(call: Call): void {
    if (call.subresource) this.#subresources.checkVerb(call);
    else if (!this.#subresources.reviewOf(call)) checkVerb(call);
  }

  async run(call: Call): Promise<Answer> {
    this.checkVerb(call);
    const special = this.#subresources.reviewOf(call);
    if (special) return await special(this.machinery, await admittedQuestion(this.machinery, call));
    if (call.subresource) return await this.#subresources.run(this.machinery, call);
    if (call.kind.computed) return await readComputed(this.machinery, call, call.kind.computed);
    return await verbs[call.verb](this.machinery, call);
  }
}

/** A review is a creation, though nothing is kept of it: read, recorded, admitted and judged like any other. */
async function admittedQuestion(machinery: Machinery, call: Call): Promise<Call> {
  const { group } = call.kind.description;
  const object = await owned(machinery, call, undefined, complete(call, bodyObject(call)));
  const body = await admitted(machinery, call, { operation: 'CREATE', object });
  const causes =
    group === 'authorization.k8s.io' ? call.kind.schema.validate(body, undefined, { subresource: '' }) : [];
  // As Kubernetes names it there: not at all.
  if (causes.length > 0) throw invalidError({ group, kind: '' }, '', causes);
  return { ...call, body };
}

function checkVerb({ kind: { description }, verb, namespace, name }: Call): void {
  const served: readonly string[] = description.verbs;
  if (!served.includes(verb)) throw methodNotAllowed();
  // One object without its namespace has no path; the collection has one, for reading only.
  if (namespace === '' && description.namespaced && needsNamespace.has(verb)) {
    throw name === '' ? methodNotAllowed() : unknownPath();
  }
}

const needsNamespace = new Set(['create', 'get', 'update', 'patch', 'delete', 'deletecollection']);

const none: ReadonlyMap<string, string> = new Map();

/** What is asked by a request, by its path and its query. */
export function attributesOf(target: Target, kind: ServedKind, verb: string, options = none): Attributes {
  const { description } = kind;
  // Asking for a namespace is asking within it, so that a role of the namespace can allow it.
  const namespace = description.resource === 'namespaces' && description.group === '' ? target.name : target.namespace;
  return {
    verb,
    group: target.group,
    version: target.version,
    resource: target.resource,
    subresource: target.subresource.split('/')[0] ?? '',
    namespace,
    name: target.name,
    // The old paths take no selectors where it matters.
    ...(target.watched ? {} : selectionIn(verb, options)),
  };
}

/** What is asked of a kind that is served elsewhere. */
export function foreignAttributesOf(target: Target, verb: string, options = none): Attributes {
  const { group, version, resource, namespace, name } = target;
  const subresource = target.subresource.split('/')[0] ?? '';
  return { verb, group, version, resource, subresource, namespace, name, ...selectionIn(verb, options) };
}
