import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import type { KubeObject } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { builtInKinds } from '../conversion/built-in.ts';
import { KindRegistry, type ServedKind } from '../kinds.ts';
import { Tables } from './table.ts';

interface Definition {
  name: string;
  type: string;
  format: string;
  description: string;
  priority: number;
}

/** The file says how it came about. Kinds are written `group/version/resource`. */
const golden = JSON.parse(
  brotliDecompressSync(readFileSync(new URL('./golden/tables.json.br', import.meta.url))).toString(),
) as {
  columns: Record<string, Definition[]>;
  rows: { kind: string; object: KubeObject; cells: unknown[] }[];
};

const registry = new KindRegistry(builtInKinds());
const tables = new Tables(() => new Date());

function kindOf(name: string): ServedKind {
  const [group = '', version = '', resource = ''] = name.split('/');
  const kind = registry.get(group, version, resource);
  if (!kind) throw new Error(`${name} is not served`);
  return kind;
}

const table = (name: string, objects: KubeObject[]) =>
  tables.table(kindOf(name), objects, { resourceVersion: '1' }, 'None');

test.each(Object.entries(golden.columns))('the columns of %s are Kubernetes’', (name, columns) => {
  const shape = (all: readonly Definition[]) => all.map(({ description: _text, ...rest }) => rest);
  expect(shape(table(name, []).columnDefinitions as Definition[])).toEqual(shape(columns));
});

/** Ages go on. */
const still = (cells: readonly unknown[]) =>
  cells.map((cell) =>
    typeof cell === 'string' ? cell.replace(/^(?:\d+[smhdy])+$/, 'age').replace(/\(\S+ ago\)/, '(age ago)') : cell,
  );

test.each(golden.rows.map((row) => [row.kind, row.object.metadata.name, row] as const))(
  'the row of %s %s is Kubernetes’',
  (name, _object, { object, cells }) => {
    const [row] = table(name, [object]).rows as { cells: unknown[] }[];
    expect(still(row?.cells ?? [])).toEqual(still(cells));
  },
);
