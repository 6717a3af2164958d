import { BerthError } from '@berth/kube/errors';
import type { Revision } from '../../store/index.ts';
import type { Answer, Call, ListAnswerMeta } from '../call.ts';
import { viewsOf } from '../conversion/conversion.ts';
import { badRequest } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { objectKey } from '../storage/keys.ts';
import { Selection } from '../storage/selection.ts';
import type { StoredObject } from '../storage/stored-object.ts';
import { type Continuation, readContinuation, writeContinuation } from './continuation.ts';
import { checkListOptions } from './list-options.ts';
import { numberOption, reach, versionOption } from './versions.ts';

/** All objects of a kind, or of one namespace, that the selectors take; by pages when a limit is given. */
export async function list(machinery: Machinery, call: Call): Promise<Answer> {
  const { storage } = machinery;
  checkListOptions(call);
  const selection = new Selection(call.kind, call.options.get('labelSelector'), call.options.get('fieldSelector'));
  numberOption(call, 'timeoutSeconds');
  const asked = numberOption(call, 'limit') ?? 0;
  const token = call.options.get('continue');
  // As in Kubernetes, whoever takes any version takes the whole of it at once.
  const limit = call.options.get('resourceVersion') === '0' && !token ? 0 : asked;
  const prefix = prefixOf(call, selection);
  const pending = token ? readContinuation(token, prefix) : undefined;
  const { exact, at } = await listedRevision(machinery, call, pending);

  if (pending === undefined && exact === undefined) {
    const everything = withoutLost(call, lookup(machinery, call, selection) ?? storage.list(prefix));
    return await answer(call, prefix, await page(call, everything, selection, limit), at);
  }
  const revision = pending?.revision ?? exact;
  const pageSize = selection.isEverything && limit > 0 ? limit : undefined;
  const stored = await expiringList(machinery, { prefix, after: pending?.after, revision, limit: pageSize });
  const objects = withoutLost(call, stored.objects);
  if (pageSize !== undefined && stored.remaining > 0) {
    const partly = { items: objects, last: objects.at(-1)?.key, remaining: stored.remaining };
    return await answer(call, prefix, partly, stored.revision);
  }
  return await answer(call, prefix, await page(call, objects, selection, limit), stored.revision);
}

interface Page {
  items: readonly StoredObject[];
  /** The last key that was looked at, when there is more. */
  last?: string | undefined;
  remaining?: number | undefined;
}

async function page(
  { kind }: Call,
  objects: readonly StoredObject[],
  selection: Selection,
  limit: number,
): Promise<Page> {
  if (selection.isEverything) {
    if (limit <= 0 || objects.length <= limit) return { items: objects };
    return { items: objects.slice(0, limit), last: objects[limit - 1]?.key, remaining: objects.length - limit };
  }
  const items: StoredObject[] = [];
  for (const object of await viewsOf(kind, objects)) {
    if (!selection.matches(object)) continue;
    if (limit > 0 && items.length === limit) return { items, last: items.at(-1)?.key };
    items.push(object);
  }
  return { items };
}

async function answer(
  call: Call,
  prefix: string,
  { items, last, remaining }: Page,
  revision: Revision,
): Promise<Answer> {
  const meta: ListAnswerMeta = { resourceVersion: String(revision) };
  if (last !== undefined) meta.continue = writeContinuation({ revision, after: last }, prefix);
  if (remaining !== undefined) meta.remainingItemCount = remaining;
  return { type: 'list', kind: call.kind, items: await viewsOf(call.kind, items), meta };
}

/** The prefix of the keys to look at: a field selector on the namespace narrows it. */
export function prefixOf(call: Call, selection: Selection): string {
  const namespace = call.namespace || (call.kind.description.namespaced ? selection.namespace : undefined);
  return namespace ? `${call.kind.prefix}${namespace}/` : call.kind.prefix;
}

/**
 * Whoever follows all Secrets in this process decides nothing by what they hold, and makes sure of what he does not see: one that cannot be read
 * must not keep him from all others. Of other kinds a part may be taken for the whole, and everybody else is told.
 */
function withoutLost(call: Call, objects: readonly StoredObject[]): readonly StoredObject[] {
  const { group, resource } = call.kind.description;
  const isFollowed = call.isInner && call.namespace === '' && group === '' && resource === 'secrets';
  return isFollowed && objects.some(({ fault }) => fault) ? objects.filter(({ fault }) => !fault) : objects;
}

/** A list of one name within one namespace needs no walk. */
function lookup({ storage }: Machinery, call: Call, selection: Selection): StoredObject[] | undefined {
  const { name } = selection;
  if (name === undefined || (call.kind.description.namespaced && call.namespace === '')) return undefined;
  const found = storage.get(objectKey(call.kind.prefix, call.namespace, name));
  return found ? [found] : [];
}

/** `at` is what the newest state will be called; `exact` is set when one particular revision is wanted. */
async function listedRevision({ storage }: Machinery, call: Call, pending: Continuation | undefined) {
  const version = versionOption(call, 'invalid resource version: ');
  const match = call.options.get('resourceVersionMatch') || undefined;
  if (pending && version !== undefined && version !== 0) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  await reach(storage, call, pending?.revision ?? version);
  const limited = call.options.has('limit') && version !== undefined && version > 0 && match === undefined;
  return { exact: match === 'Exact' || limited ? version : undefined, at: storage.revision };
}

async function expiringList(
  { storage }: Machinery,
  query: { prefix: string; after: string | undefined; revision: Revision | undefined; limit: number | undefined },
) {
  const { prefix, after, revision, limit } = query;
  try {
    return await storage.listed({
      prefix,
      ...(after === undefined ? {} : { after }),
      ...(revision === undefined ? {} : { revision }),
      ...(limit === undefined ? {} : { limit }),
    });
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== 'Expired') throw error;
    if (after === undefined) throw error;
    // The fresh token lets a client go on with newer objects where it does not mind a list of two moments.
    throw new BerthError(
      'Expired',
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      { cause: error, details: { continue: writeContinuation({ revision: undefined, after }, prefix) } as never },
    );
  }
}
