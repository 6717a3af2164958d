import { apiVersionOf, type KubeObject } from '@berth/kube/objects';
import type { TypedBy } from '@berth/kube/patch';
import type { Call } from '../call.ts';
import type { KindRegistry, ServedKind } from '../kinds.ts';
import { typedBy } from './typed.ts';

export interface VersionParts {
  kinds: KindRegistry;
}

/** The object in another version, with its schema; undefined for a version that is not served. */
export type ConvertNow = (object: KubeObject, apiVersion: string) => { object: KubeObject; typed: TypedBy } | undefined;

/**
 * What `make` answers, which may ask for the object in other versions of the call's kind. It asks at once, and a webhook
 * takes its time: then `make` is given up, and begun again with the answer at hand. It has to ask for the same again, so
 * that it asks for no more than its number of questions. Rejects with what the conversion says, unless there is
 * something to answer `otherwise`.
 */
export async function withVersions<Result>(
  { kinds }: VersionParts,
  { kind, signal }: Pick<Call, 'kind' | 'signal'>,
  make: (convert: ConvertNow) => Result,
  otherwise?: () => Result,
): Promise<Result> {
  const arrived = new Map<string, KubeObject>();
  const inVersion = (object: KubeObject, to: ServedKind): KubeObject => {
    const apiVersion = apiVersionOf(to.description);
    if (object.apiVersion === apiVersion) return object;
    const question = `${apiVersion} ${JSON.stringify(object)}`;
    const known = arrived.get(question);
    if (known !== undefined) return known;
    const answer = converted(object, servedIn(kinds, kind, object.apiVersion) ?? kind, to);
    if (answer instanceof Promise) throw new Awaited(question, answer);
    return answer;
  };
  const convert: ConvertNow = (object, apiVersion) => {
    const to = servedIn(kinds, kind, apiVersion);
    if (to === undefined || to.prefix !== kind.prefix) return undefined;
    // By way of the version that is spoken, as Kubernetes does, whose webhooks are asked for no other pairs.
    return { object: inVersion(inVersion(object, kind), to), typed: typedBy(to) };
  };
  for (;;) {
    try {
      return make(convert);
    } catch (error) {
      if (!(error instanceof Awaited)) throw error;
      try {
        arrived.set(error.question, await error.answer);
      } catch (failure) {
        if (otherwise === undefined) throw failure;
        return otherwise();
      }
      signal?.throwIfAborted();
    }
  }
}

/** Thrown through those who cannot wait: the object in another version is still to come. */
class Awaited extends Error {
  readonly question: string;
  readonly answer: Promise<KubeObject>;

  constructor(question: string, answer: Promise<KubeObject>) {
    super('an object in another version has to be waited for');
    this.question = question;
    this.answer = answer;
  }
}

function converted(object: KubeObject, from: ServedKind, to: ServedKind): KubeObject | Promise<KubeObject> {
  if (to.conversion?.fromVersion) return to.conversion.fromVersion(object);
  const kept = from.conversion ? from.conversion.toStorage(object) : object;
  if (kept instanceof Promise) return kept.then((arrived) => shown(arrived, to));
  return shown(kept, to);
}

function shown(kept: KubeObject, { conversion, description }: ServedKind): KubeObject | Promise<KubeObject> {
  const only = ([object]: readonly KubeObject[]) => object ?? { ...kept, apiVersion: apiVersionOf(description) };
  if (!conversion) return kept;
  const views = conversion.fromStorage([kept]);
  return views instanceof Promise ? views.then(only) : only(views);
}

function servedIn(kinds: KindRegistry, { description }: ServedKind, apiVersion: string): ServedKind | undefined {
  const slash = apiVersion.indexOf('/');
  return kinds.get(apiVersion.slice(0, Math.max(slash, 0)), apiVersion.slice(slash + 1), description.resource);
}
