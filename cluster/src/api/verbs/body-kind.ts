import type { BerthError, ErrorCause } from '@berth/kube/errors';
import { apiVersionOf } from '@berth/kube/objects';
import { invalidError, type KindDescription, kindForObject } from '@berth/kube/schema';
import type { Call } from '../call.ts';
import { badRequest } from '../faults.ts';

/** What a body says that it is; '' where it says nothing. */
interface Said {
  apiVersion: string;
  kind: string;
}

/** Why a body is no object of the call's kind, as kube-apiserver says it of kinds that it knows, and of others. */
export function otherKind(call: Call, { apiVersion, kind }: Said): BerthError {
  const { description, isCustom } = call.kind;
  const expected = apiVersionOf(description);
  if (isCustom && call.patchType !== undefined && call.patchType !== 'apply')
    return becameOther(call, { apiVersion, kind });
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  if (isCustom && apiVersion === expected) {
    const message = `Invalid value: ${JSON.stringify(kind)}: must be ${description.kind}`;
    return invalidError(description, '', [{ reason: 'FieldValueInvalid', message, field: 'kind' }]);
  }
  const isKnown = kindForObject(apiVersion, kind) !== undefined;
  if (isCustom || (isKnown && kind === description.kind)) {
    return badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  const why = isKnown ? unknownConversion(description, { apiVersion, kind }) : notRegistered({ apiVersion, kind });
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${description.kind}: ${why}`);
}

/** What a patch made another kind of is judged like any object. */
function becameOther({ kind: { description }, name }: Call, { apiVersion, kind }: Said): BerthError {
  const expected = { kind: description.kind, apiVersion: apiVersionOf(description) };
  const causes = Object.entries({ kind, apiVersion }).flatMap(([field, value]): ErrorCause[] => {
    const wanted = expected[field as keyof Said];
    if (value === wanted) return [];
    return [
      { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: must be ${wanted}`, field },
    ];
  });
  return invalidError({ group: apiVersion.split('/').slice(0, -1).join('/'), kind }, name, causes);
}

/** Of an object that is none of the described kind. */
export function unknownConversion(description: KindDescription, { apiVersion, kind }: Said): string {
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  return `converting (${version}.${kind}) to (${internalName(description)}): unknown conversion`;
}

/** Of a kind that nobody knows. What it names as the scheme is Kubernetes' own list of kinds. */
export function notRegistered({ apiVersion, kind }: Said): string {
  return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`;
}

/** The type that Kubernetes keeps a kind as within: `core.ConfigMap`, `apps.Deployment`. */
function internalName({ group, kind }: KindDescription): string {
  return `${group === '' ? 'core' : group.split('.')[0]}.${kind}`;
}
