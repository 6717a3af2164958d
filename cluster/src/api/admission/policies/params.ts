import type { KubeObject } from '@berth/kube/objects';
import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { viewOf } from '../../conversion/conversion.ts';
import type { KindRegistry, ServedKind } from '../../kinds.ts';
import { objectKey } from '../../storage/keys.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { StoredObject } from '../../storage/stored-object.ts';
import type { ParamKind, ParamRef } from './types.ts';

export interface ParamSource {
  storage: ObjectStorage;
  kinds: KindRegistry;
}

/** The kind that a policy takes its parameters from. Throws an `Error` in Kubernetes' words when nothing serves it. */
export function paramKindOf({ kinds }: Pick<ParamSource, 'kinds'>, { apiVersion, kind }: ParamKind): ServedKind {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  const found = kinds
    .all()
    .find(({ description: one }) => one.group === group && one.version === version && one.kind === kind);
  if (!found) throw new Error(`failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`);
  return found;
}

/**
 * The parameters that a binding chooses, for each of which its policy is asked once: one `undefined` where there are none
 * to choose, nothing where none were found and none are needed. Throws an `Error` in Kubernetes' words.
 */
export async function paramsOf(
  source: ParamSource,
  kind: ServedKind | undefined,
  ref: ParamRef | undefined,
  requestNamespace: string,
): Promise<readonly (KubeObject | undefined)[]> {
  if (!kind || !ref) return [undefined];
  const { namespaced } = kind.description;
  if (!namespaced && ref.namespace) {
    throw new Error('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  }
  const namespace = namespaced ? ref.namespace || requestNamespace : undefined;
  if (namespace === '') {
    throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  }
  const found = chosen(source.storage, kind, ref, namespace);
  if (found.length === 0 && ref.parameterNotFoundAction === 'Deny') {
    throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  return await Promise.all(found.map(async (stored) => (await viewOf(kind, stored)).object));
}

function chosen(
  storage: ObjectStorage,
  { prefix }: ServedKind,
  { name, selector }: ParamRef,
  namespace: string | undefined,
): StoredObject[] {
  if (name) {
    const found = storage.get(objectKey(prefix, namespace, name));
    return found ? [found] : [];
  }
  const requirements = labelSelectorOf(selector);
  if (requirements === undefined) throw new Error('one of name or selector must be provided');
  const all = storage.list(namespace === undefined ? prefix : `${prefix}${namespace}/`);
  return all.filter(({ object }) => matchesLabels(requirements, object.metadata.labels));
}
