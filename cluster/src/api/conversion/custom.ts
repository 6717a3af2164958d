import { BerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import type { CustomSchema } from '@berth/kube/schema';
import type { Conversion } from './conversion.ts';

/** Objects of one kind in another version of its group. Those that are in it already are answered themselves. */
export type ConvertVersions = (
  objects: readonly KubeObject[],
  apiVersion: string,
) => readonly KubeObject[] | Promise<readonly KubeObject[]>;

/** What the versions of one custom kind have in common. */
export interface CustomVersions {
  group: string;
  /** What new objects are kept in. */
  storageVersion: string;
  /** Undefined for a version that the definition has no more. */
  schemaOf(version: string): CustomSchema | undefined;
  convert: ConvertVersions;
}

/** The strategy `None`: versions differ in their name alone. */
export const renamed: ConvertVersions = (objects, apiVersion) =>
  objects.map((object) => (object.apiVersion === apiVersion ? object : { ...object, apiVersion }));

/**
 * How one version of a custom kind relates to what is kept. Kept objects get the defaults of the version that they were
 * kept in, and lose what neither it nor the version asked for knows. Source: "Defaulting", "Field pruning" and
 * "Versions in CustomResourceDefinitions" of the Kubernetes documentation.
 */
export function customConversion(versions: CustomVersions, version: string): Conversion {
  const { group, storageVersion, schemaOf, convert } = versions;
  const wanted = `${group}/${version}`;
  const stored = `${group}/${storageVersion}`;

  const pruned = (objects: readonly KubeObject[], before: readonly KubeObject[], to: string) => {
    const schema = schemaOf(to);
    return objects.map((object, index) =>
      schema && object !== before[index] ? schema.read(object, { defaults: false }) : object,
    );
  };
  const converted = (objects: readonly KubeObject[], to: string, apiVersion: string) => {
    if (objects.every((object) => object.apiVersion === apiVersion)) return objects;
    const others = convert(objects, apiVersion);
    return others instanceof Promise
      ? others.then((arrived) => pruned(arrived, objects, to))
      : pruned(others, objects, to);
  };

  const convertedOne = (object: KubeObject, to: string, apiVersion: string) => {
    if (object.apiVersion === apiVersion) return object;
    const found = converted([object], to, apiVersion);
    return found instanceof Promise ? found.then(only) : only(found);
  };

  return {
    toStorage: (object) => convertedOne(object, storageVersion, stored),
    fromVersion: (object) => convertedOne(object, version, wanted),
    fromStorage(objects) {
      const own = objects.map((object) => {
        const schema = schemaOf(object.apiVersion.slice(group.length + 1)) ?? schemaOf(storageVersion);
        return schema ? schema.read(object) : object;
      });
      return converted(own, version, wanted);
    },
  };
}

function only(objects: readonly KubeObject[]): KubeObject {
  const [object] = objects;
  if (!object) throw new BerthError('InternalError', 'a conversion lost the object');
  return object;
}
