import type { KubeObject } from '@berth/kube/objects';
import { stringify } from 'yaml';

const hiddenValue = '••••••••';

/** An object as YAML in the order in which manifests are written; a Secret's values hidden unless asked for. */
export function yamlOf(object: KubeObject, reveal: boolean): string {
  const { apiVersion, kind, metadata, spec, data, status, ...rest } = object;
  const isSecret = kind === 'Secret' && apiVersion === 'v1';
  const shownMetadata = isSecret && !reveal ? withoutLastApplied(metadata) : metadata;
  const ordered = {
    apiVersion,
    kind,
    metadata: shownMetadata,
    ...rest,
    data: isSecret && !reveal ? hide(data) : data,
    spec,
    status,
  };
  return stringify(ordered, { lineWidth: 0, aliasDuplicateObjects: false });
}

function hide(data: unknown): unknown {
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.keys(data).map((key) => [key, hiddenValue]));
}

/** Client-side apply keeps a copy of the whole Secret in an annotation. */
function withoutLastApplied(metadata: KubeObject['metadata']): KubeObject['metadata'] {
  const name = 'kubectl.kubernetes.io/last-applied-configuration';
  if (metadata.annotations?.[name] === undefined) return metadata;
  return { ...metadata, annotations: { ...metadata.annotations, [name]: hiddenValue } };
}
