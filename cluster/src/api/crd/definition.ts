import { apiVersionOf, type KubeObject, type Resource } from '@berth/kube/objects';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '@berth/kube/schema';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import { timestamp } from '../verbs/time.ts';

export type DefinitionStatus = NonNullable<CustomResourceDefinition['status']>;
export type DefinitionCondition = NonNullable<DefinitionStatus['conditions']>[number];
export type DefinitionNames = NonNullable<DefinitionStatus['acceptedNames']>;

export const definitions: Resource<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

export const definitionsPrefix = resourcePrefix(definitions.group, definitions.resource);

/** Holds a definition until the objects of its kind are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

export function definitionKey(name: string): string {
  return objectKey(definitionsPrefix, undefined, name);
}

/** Whether an object is one; custom kinds of other groups may have the name as well. */
export function isDefinition(object: KubeObject): object is CustomResourceDefinition {
  return object.kind === definitions.kind && object.apiVersion === apiVersionOf(definitions);
}

/** A stored object as the definition that it is: it was validated when it was written. */
export function asDefinition(object: KubeObject): CustomResourceDefinition {
  return object as CustomResourceDefinition;
}

/** The version that objects are kept in; '' when the definition, which may not have been judged yet, names none. */
export function storageVersionOf(definition: CustomResourceDefinition): string {
  return versionsOf(definition).find((version) => version.storage)?.name ?? '';
}

/** The versions of a definition that may not have been judged yet. */
export function versionsOf({ spec }: CustomResourceDefinition): readonly CustomResourceDefinitionVersion[] {
  const versions: readonly CustomResourceDefinitionVersion[] | null | undefined = spec?.versions;
  return versions ?? [];
}

export function isTrue(status: DefinitionStatus | undefined, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}

/**
 * The conditions with another state of one of them: in its place, or at the end. The time of the transition stays when
 * the status does; the same list when nothing changes.
 */
export function withCondition(
  conditions: readonly DefinitionCondition[],
  { type, status, reason, message }: { type: string; status: string; reason: string; message: string },
  now: Date,
): readonly DefinitionCondition[] {
  const old = conditions.find((condition) => condition.type === type);
  if (old && old.status === status && old.reason === reason && old.message === message) return conditions;
  const since = old && old.status === status ? (old.lastTransitionTime ?? timestamp(now)) : timestamp(now);
  const next = { lastTransitionTime: since, message, reason, status, type };
  return old ? conditions.map((condition) => (condition === old ? next : condition)) : [...conditions, next];
}
