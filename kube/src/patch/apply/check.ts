import type { Schema } from '../../schema/types.ts';
import { isData } from '../data.ts';
import { type PathElement, shownElement, shownValue } from './path-element.ts';
import type { Scalar, Structures } from './structure.ts';

/**
 * What keeps a configuration from being applied: fields that the schema does not know, values of other types, lists
 * of which the elements cannot be told apart. Each with its path, in Kubernetes' words.
 */
export function faultsOf(structures: Structures, schema: Schema | undefined, value: unknown, path = ''): string[] {
  const structure = structures.of(schema, value);
  if (value === null || value === undefined) return [];
  if (structure.type === 'scalar') {
    const fault = scalarFault(structure, value);
    return fault === undefined ? [] : [located(path, fault)];
  }
  if (structure.type === 'map') {
    if (!isData(value)) return [located(path, `expected map, got ${shownTyped(value)}`)];
    const faults: string[] = [];
    for (const [key, item] of Object.entries(value)) {
      const at = `${path}.${key}`;
      if (!structure.isKnown(key)) {
        faults.push(located(at, 'field not declared in schema'));
        break;
      }
      faults.push(...faultsOf(structures, structure.of(key), item, at));
    }
    return faults;
  }
  if (!Array.isArray(value)) return [located(path, `expected list, got ${shownTyped(value)}`)];
  const faults: string[] = [];
  const seen = new Set<PathElement>();
  for (const [index, item] of value.entries()) {
    let element: PathElement = `i:${index}`;
    if (structure.by !== 'nothing') {
      try {
        element = structures.elementOf(structure, item);
      } catch (error) {
        return [...faults, located(path, `element ${index}: ${(error as Error).message}`)];
      }
      if (seen.has(element)) faults.push(located(path, `duplicate entries for key ${shownElement(element)}`));
      seen.add(element);
    }
    faults.push(...faultsOf(structures, structure.items, item, path + shownElement(element)));
  }
  return faults;
}

/** Several faults as one text. */
export function faultsText(faults: readonly string[]): string {
  return faults.length === 1 ? (faults[0] ?? '') : ['errors:', ...faults.map((fault) => `  ${fault}`)].join('\n');
}

function located(path: string, fault: string): string {
  return path === '' ? fault : `${path}: ${fault}`;
}

function scalarFault({ scalar }: Scalar, value: unknown): string | undefined {
  const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  switch (scalar) {
    case 'string':
      return typeof value === 'string'
        ? undefined
        : `expected string, got &value.valueUnstructured{Value:${shownGo(value)}}`;
    case 'number':
      return typeof value === 'number' ? undefined : `expected numeric (int or float), got ${goType(value)}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got ${shownTyped(value)}`;
    default:
      return plain ? undefined : `expected any scalar, got ${shownTyped(value)}`;
  }
}

function shownTyped(value: unknown): string {
  return isData(value) || Array.isArray(value) ? `&{${shownGo(value)}}` : `&{${String(value)}}`;
}

function goType(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  if (Array.isArray(value)) return '[]interface {}';
  return isData(value) ? 'map[string]interface {}' : typeof value;
}

function shownGo(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(shownGo).join(', ')}}`;
  if (!isData(value)) return shownValue(value);
  const fields = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${shownGo(item)}`);
  return `map[string]interface {}{${fields.join(', ')}}`;
}
