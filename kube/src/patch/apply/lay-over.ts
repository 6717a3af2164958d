import type { Schema } from '../../schema/types.ts';
import { isData } from '../data.ts';
import { faultsOf, faultsText } from './check.ts';
import { merge } from './merge.ts';
import { Structures, type TypedBy } from './structure.ts';

/**
 * `live` with everything that `config` names laid over it, as server-side apply merges, without a record of who owns
 * what: how mutating admission policies change objects. Throws an `Error` in Kubernetes' words when the configuration
 * does not fit the schema, or replaces something whole, which would silently drop what it does not name.
 */
export function layOver(typed: TypedBy, live: unknown, config: unknown): unknown {
  const structures = new Structures(typed);
  const faults = faultsOf(structures, typed.schema, config);
  if (faults.length > 0) throw new Error(`failed to convert patch object to typed object: ${faultsText(faults)}`);
  const atomic = atomicParts(structures, typed.schema, config, '');
  if (atomic.length > 0) {
    throw new Error(`invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomic.join(', ')}`);
  }
  return merge(structures, typed.schema, live, config);
}

/** The paths of lists, maps and structs that are one value each. */
function atomicParts(structures: Structures, schema: Schema | undefined, value: unknown, path: string): string[] {
  const structure = structures.of(schema, value);
  if (structure.type === 'map' && isData(value)) {
    const found = structure.atomic ? [path] : [];
    for (const [key, item] of Object.entries(value)) {
      if (structure.isDeclared(key)) found.push(...atomicParts(structures, structure.of(key), item, `${path}.${key}`));
    }
    return found;
  }
  if (structure.type === 'list' && Array.isArray(value)) {
    const found = structure.by === 'nothing' ? [path] : [];
    for (const [index, item] of value.entries()) {
      found.push(...atomicParts(structures, structure.items, item, `${path}[${index}]`));
    }
    return found;
  }
  return [];
}
