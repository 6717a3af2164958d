import type { KubeObject } from '@berth/kube/objects';
import type { Answer, Call } from '../call.ts';
import type { ComputedKind } from '../kinds.ts';
import type { Machinery } from '../machinery.ts';
import { objectKey } from '../storage/keys.ts';
import { Selection } from '../storage/selection.ts';
import { encodeObject } from '../storage/stored-object.ts';
import { checkListOptions } from './list-options.ts';

/** Reads a kind of which nothing is kept: its objects are made for each request, and have no version. */
export async function readComputed({ storage }: Machinery, call: Call, computed: ComputedKind): Promise<Answer> {
  await storage.caughtUp();
  const { kind, namespace, name } = call;
  const stored = (object: KubeObject) =>
    encodeObject(objectKey(kind.prefix, object.metadata.namespace, object.metadata.name), object, 0);
  if (call.verb === 'get') {
    const found = computed.list(namespace).find(({ metadata }) => metadata.name === name);
    if (!found) throw computed.missing(namespace, name);
    return { type: 'object', object: stored(found) };
  }
  checkListOptions(call);
  const selection = new Selection(kind, call.options.get('labelSelector'), call.options.get('fieldSelector'));
  const items = computed
    .list(namespace)
    .map(stored)
    .filter((object) => selection.matches(object));
  return { type: 'list', kind, items, meta: { resourceVersion: '' } };
}
