import type { TypedBy } from '@berth/kube/patch';
import { absentValue } from '@berth/kube/schema';
import type { ServedKind } from '../kinds.ts';

const typed = new WeakMap<ServedKind['schema'], TypedBy>();

/** What it takes to take objects of a kind apart, field by field. */
export function typedBy({ schema, isCustom }: ServedKind): TypedBy {
  const known = typed.get(schema);
  if (known !== undefined) return known;
  const { definition, catalogue } = schema;
  const found: TypedBy = isCustom
    ? { schema: definition, catalogue }
    : { schema: definition, catalogue, absent: absentValue, empty: schema.decode({}, { mode: 'Ignore' }).object };
  typed.set(schema, found);
  return found;
}
