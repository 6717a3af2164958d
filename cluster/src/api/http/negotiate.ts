import { BerthError } from '@berth/kube/errors';

export interface Representation {
  format: 'json' | 'yaml';
  as: 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  /** Of a table or of metadata: older clients ask for `v1beta1`, which differs in nothing else. */
  version?: 'v1beta1';
}

const plain: Representation = { format: 'json', as: 'object' };

/**
 * The first representation of an Accept header that is served; a table only of what has one, and a watch not as YAML, which
 * has no end of a document. Throws `NotAcceptable` when there is none.
 */
export function negotiate(
  accept: string | undefined,
  { hasTable, isWatch }: { hasTable: boolean; isWatch: boolean } = { hasTable: true, isWatch: false },
): Representation {
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return plain;
  for (const clause of accept.split(',')) {
    const [type, ...parameters] = clause.split(';').map((part) => part.trim());
    const format = formats[type ?? ''];
    if (format === undefined || (isWatch && format === 'yaml')) continue;
    const as = parameterOf(parameters, 'as');
    if (as === undefined) return { format, as: 'object' };
    const served = (as === 'Table' && hasTable) || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList';
    const version = parameterOf(parameters, 'v') ?? 'v1';
    const group = parameterOf(parameters, 'g') ?? 'meta.k8s.io';
    if (!served || group !== 'meta.k8s.io') continue;
    if (version === 'v1') return { format, as };
    if (version === 'v1beta1') return { format, as, version };
  }
  throw new BerthError(
    'NotAcceptable',
    `only the following media types are accepted: ${isWatch ? 'application/json;stream=watch' : 'application/json, application/yaml'}`,
  );
}

const formats: Readonly<Record<string, 'json' | 'yaml'>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/*': 'json',
  '*/*': 'json',
};

/** The value of `name=value` among the parameters of a media type. */
export function parameterOf(parameters: readonly string[], name: string): string | undefined {
  return parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1);
}
