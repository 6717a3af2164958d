import type { ErrorCause } from '@berth/kube/errors';
import { invalidError } from '@berth/kube/schema';
import { type Call, isTrue } from '../call.ts';

const options = { group: 'meta.k8s.io', kind: 'ListOptions' };
const forbidden = (field: string, why: string): ErrorCause => ({
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${why}`,
  field,
});

/**
 * Throws `Invalid` for options of a list that contradict each other. Source: `ValidateListOptions` of apimachinery's
 * `meta/internalversion/validation`.
 */
export function checkListOptions(call: Call): void {
  const match = call.options.get('resourceVersionMatch') || undefined;
  const causes: ErrorCause[] = [];
  if (match !== undefined) {
    const version = call.options.get('resourceVersion');
    if (!version) causes.push(matchForbidden('is forbidden unless resourceVersion is provided'));
    if (call.options.get('continue')) causes.push(matchForbidden('is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan') causes.push(unsupported(match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && version === '0')
      causes.push(matchForbidden('"exact" is forbidden for resourceVersion "0"'));
  }
  if (call.options.has('sendInitialEvents')) {
    causes.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  if (causes.length > 0) throw invalidError(options, '', causes);
}

/** What a watch asks for. */
export interface WatchOptions {
  bookmarks: boolean;
  /** The present state first, or not; undefined when nothing is said of it. */
  initialEvents: boolean | undefined;
}

/**
 * The options of a watch. One that begins with the present state and takes bookmarks is told where that ends, whether it asks
 * for it or not. Throws `Invalid` where they contradict each other. Source: `SetListOptionsDefaults` and
 * `ValidateListOptions` of apimachinery.
 */
export function watchOptionsOf(call: Call): WatchOptions {
  const sent = call.options.get('sendInitialEvents');
  const asked = call.options.get('resourceVersionMatch') || undefined;
  const version = call.options.get('resourceVersion') ?? '';
  const bookmarks = isTrue(call.options.get('allowWatchBookmarks') ?? 'false');
  const isFromState = sent === undefined && asked === undefined && (version === '' || version === '0');
  const initialEvents = isFromState || (sent === undefined ? undefined : isTrue(sent));
  const match = isFromState ? 'NotOlderThan' : asked;
  const causes: ErrorCause[] = [];
  if (initialEvents !== undefined && match !== 'NotOlderThan') {
    const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    causes.push(forbidden('resourceVersionMatch', why));
  }
  if (match !== undefined) {
    if (initialEvents === undefined) {
      causes.push(matchForbidden('is forbidden for watch unless sendInitialEvents is provided'));
    }
    if (match !== 'NotOlderThan') causes.push(unsupported(match, ['NotOlderThan']));
    if (call.options.get('continue')) causes.push(matchForbidden('is forbidden when continue is provided'));
  }
  if (causes.length > 0) throw invalidError(options, '', causes);
  return { bookmarks, initialEvents };
}

function matchForbidden(why: string): ErrorCause {
  return forbidden('resourceVersionMatch', `resourceVersionMatch ${why}`);
}

function unsupported(value: string, known: readonly string[]): ErrorCause {
  const values = known.map((name) => JSON.stringify(name)).join(', ');
  return {
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${values}`,
    field: 'resourceVersionMatch',
  };
}
