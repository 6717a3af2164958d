import type { Schema } from '../../schema/types.ts';
import { clone, type Data, isData, own, put } from '../data.ts';
import type { PathElement } from './path-element.ts';
import type { ListStructure, MapStructure, Structures } from './structure.ts';

/**
 * `live` with everything that `config` names laid over it. Nothing is removed. Throws an `Error` with a text for lists
 * of which the elements cannot be told apart.
 */
export function merge(structures: Structures, schema: Schema | undefined, live: unknown, config: unknown): unknown {
  return new Merger(structures).merge(schema, live, config);
}

interface Element {
  element: PathElement;
  value: unknown;
}

class Merger {
  readonly #structures: Structures;

  constructor(structures: Structures) {
    this.#structures = structures;
  }

  /** `undefined` where nothing is left. */
  merge(schema: Schema | undefined, live: unknown, config: unknown): unknown {
    const structure = this.#structures.of(schema, config === undefined ? live : (config ?? live));
    if (structure.type === 'map' && !structure.atomic) {
      const [old, next] = [isData(live) ? live : undefined, isData(config) ? config : undefined];
      if (Object.keys(old ?? {}).length > 0 || Object.keys(next ?? {}).length > 0) {
        return this.#fields(structure, old ?? {}, next ?? {});
      }
    } else if (structure.type === 'list' && structure.by !== 'nothing') {
      const [old, next] = [Array.isArray(live) ? live : [], Array.isArray(config) ? config : []];
      if (old.length > 0 || next.length > 0) return this.#elements(structure, old, next);
    }
    return config === undefined ? live : clone(config);
  }

  #fields(structure: MapStructure, live: Data, config: Data): Data | undefined {
    const merged: Data = {};
    for (const key of new Set([...Object.keys(live), ...Object.keys(config)])) {
      const value = Object.hasOwn(config, key)
        ? this.merge(structure.of(key), own(live, key), own(config, key))
        : own(live, key);
      if (value !== undefined) put(merged, key, value);
    }
    return Object.keys(merged).length === 0 ? undefined : merged;
  }

  /**
   * The configuration's elements in its order, those that only the live list has where they stood among them: up to
   * the next element that both have, first what only the live list has, then what only the configuration has.
   */
  #elements(structure: ListStructure, live: readonly unknown[], config: readonly unknown[]): unknown[] {
    const ours = this.#named(structure, live);
    const theirs = this.#named(structure, config);
    const [before, wanted] = [byElement(ours), byElement(theirs)];
    const both = theirs.filter(({ element }) => before.has(element)).map(({ element }) => element);
    const done = new Set<PathElement>();
    const merged: unknown[] = [];
    const take = ({ element }: Element) => {
      done.add(element);
      const value = this.merge(structure.items, before.get(element), wanted.get(element));
      if (value !== undefined) merged.push(value);
    };
    let shared = both.shift();
    let [l, c] = [0, 0];
    while (l < ours.length || c < theirs.length) {
      const [old, next] = [ours[l], theirs[c]];
      if (old !== undefined && next !== undefined) {
        if (old.element === next.element) {
          take(next);
          [l, c] = [l + 1, c + 1];
          shared = both.shift();
          continue;
        }
        if (wanted.has(old.element) && shared !== undefined && shared !== old.element) {
          l++;
          continue;
        }
      }
      if (old !== undefined && !wanted.has(old.element)) {
        merged.push(old.value);
        l++;
        continue;
      }
      if (old !== undefined && done.has(old.element)) l++;
      if (next !== undefined) {
        take(next);
        c++;
        if (shared === next.element) shared = both.shift();
      }
    }
    return merged;
  }

  #named(structure: ListStructure, list: readonly unknown[]): Element[] {
    return list.map((value) => ({ element: this.#structures.elementOf(structure, value), value }));
  }
}

/** An element that is there twice merges with nothing. */
function byElement(elements: readonly Element[]): Map<PathElement, unknown> {
  const found = new Map<PathElement, unknown>();
  for (const { element, value } of elements) found.set(element, found.has(element) ? null : value);
  return found;
}
