import { type Fields, part, parts, text } from '../fields.ts';

interface Mapped {
  path: string;
  /** Which source of a projected volume it is from; '' for other volumes. */
  source: string;
}

/** Files of one volume of which one hides the other, or stands where the other needs a directory. */
export function overlapWarnings(volumes: readonly Fields[]): string[] {
  return volumes.flatMap((volume) => {
    const name = JSON.stringify(text(volume, 'name') ?? '');
    const said = (kind: string) => (overlap: string) => `volume ${name} (${kind}): overlapping paths: ${overlap}`;
    const configMap = part(volume, 'configMap');
    const secret = part(volume, 'secret');
    const projected = part(volume, 'projected');
    return [
      ...overlaps(mapped(configMap)).map(said(`ConfigMap ${quoted(configMap, 'name')}`)),
      ...overlaps(mapped(secret)).map(said(`Secret ${quoted(secret, 'secretName')}`)),
      ...overlaps(mapped(part(volume, 'downwardAPI'))).map(said('DownwardAPI')),
      ...parts(projected, 'sources').flatMap((source) =>
        Object.keys(source).length === 0 ? [`volume ${name} (Projected) has no sources provided`] : [],
      ),
      ...overlaps(parts(projected, 'sources').flatMap(projectedPaths)).map(said('Projected')),
    ];
  });
}

function projectedPaths(source: Fields): Mapped[] {
  const configMap = part(source, 'configMap');
  if (configMap?.items !== undefined) return mapped(configMap, `ConfigMap ${quoted(configMap, 'name')}`);
  const secret = part(source, 'secret');
  if (secret?.items !== undefined) return mapped(secret, `Secret ${quoted(secret, 'name')}`);
  const downward = part(source, 'downwardAPI');
  if (downward?.items !== undefined) return mapped(downward, 'DownwardAPI');
  const token = part(source, 'serviceAccountToken');
  if (token !== undefined) return [{ path: text(token, 'path') ?? '', source: 'ServiceAccountToken' }];
  const bundle = part(source, 'clusterTrustBundle');
  if (bundle !== undefined) {
    const named = quoted(bundle, text(bundle, 'name') === undefined ? 'signerName' : 'name');
    return [{ path: text(bundle, 'path') ?? '', source: `ClusterTrustBundle ${named}` }];
  }
  const certificate = part(source, 'podCertificate');
  return certificatePaths.flatMap(([field, what]) => {
    const path = text(certificate, field) ?? '';
    return path === '' ? [] : [{ path, source: `PodCertificate ${what}` }];
  });
}

const certificatePaths = [
  ['certificateChainPath', 'chain'],
  ['keyPath', 'key'],
  ['credentialBundlePath', 'credential bundle'],
] as const;

function mapped(source: Fields | undefined, named = ''): Mapped[] {
  return parts(source, 'items').map((item) => ({ path: text(item, 'path') ?? '', source: named }));
}

function overlaps(files: readonly Mapped[]): string[] {
  const before: Mapped[] = [];
  const found: string[] = [];
  for (const { path, source } of files) {
    const file = { path: path.replace(/\/+$/, ''), source };
    for (const other of before) if (meet(file.path, other.path)) found.push(`${shown(file)} with ${shown(other)}`);
    before.push(file);
  }
  return found;
}

function meet(a: string, b: string): boolean {
  return a !== '' && b !== '' && (`${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`));
}

function shown({ path, source }: Mapped): string {
  return source === '' ? JSON.stringify(path) : `${JSON.stringify(path)} (${source})`;
}

function quoted(source: Fields | undefined, field: string): string {
  return JSON.stringify(text(source, field) ?? '');
}
