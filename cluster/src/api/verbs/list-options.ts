import type { ErrorCause } from '@berth/kube/errors';
import type { Call } from '../call.ts';
import { invalid } from '../faults.ts';

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
  if (causes.length > 0) throw invalid(options, '', causes);
}

/** The same for a watch; `bookmarks` says whether it asks for them. */
export function checkWatchOptions(call: Call, { bookmarks }: { bookmarks: boolean }): void {
  const match = call.options.get('resourceVersionMatch') || undefined;
  const initial = call.options.get('sendInitialEvents');
  const causes: ErrorCause[] = [];
  if (initial !== undefined && match !== 'NotOlderThan') {
    const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    causes.push(forbidden('resourceVersionMatch', why));
  }
  if (match !== undefined) {
    if (initial === undefined) {
      causes.push(matchForbidden('is forbidden for watch unless sendInitialEvents is provided'));
    }
    if (match !== 'NotOlderThan') causes.push(unsupported(match, ['NotOlderThan']));
    if (call.options.get('continue')) causes.push(matchForbidden('is forbidden when continue is provided'));
  }
  if (initial !== undefined && initial !== 'false' && initial !== '0' && !bookmarks) {
    const why = 'sendInitialEvents requires setting allowWatchBookmarks to true';
    causes.push(forbidden('allowWatchBookmarks', why));
  }
  if (causes.length > 0) throw invalid(options, '', causes);
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
