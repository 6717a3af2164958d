import type { ErrorCause } from '../../errors/index.ts';
import { invalid } from './causes.ts';
import { isData, own } from './data.ts';
import { goText } from './go-text.ts';
import type { ScalePaths } from './kind.ts';

const largest = 2 ** 31 - 1;

/** Where `scale` reads, objects must have what it promises: numbers of replicas, and a selector that is a text. */
export function checkScale(object: unknown, paths: ScalePaths, parts: { spec: boolean }): ErrorCause[] {
  return [
    ...(parts.spec ? checkReplicas(object, paths.specReplicas) : []),
    ...checkReplicas(object, paths.statusReplicas),
    ...(paths.labelSelector === undefined ? [] : checkSelector(object, paths.labelSelector)),
  ];
}

function checkReplicas(object: unknown, path: readonly string[]): ErrorCause[] {
  const field = `.${path.join('.')}`;
  const { value, fault } = lookUp(object, path);
  if (fault !== undefined) return [invalid(field, 0, fault)];
  if (value === undefined) return [];
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    return [
      invalid(
        field,
        0,
        `${dotted(path)} accessor error: ${goText(value)} is of the type ${goType(value)}, expected int64`,
      ),
    ];
  }
  if (value < 0) return [invalid(field, value, 'should be a non-negative integer')];
  return value > largest ? [invalid(field, value, `should be less than or equal to ${largest}`)] : [];
}

function checkSelector(object: unknown, path: readonly string[]): ErrorCause[] {
  const { value, fault } = lookUp(object, path);
  const field = `.${path.join('.')}`;
  if (fault !== undefined) return [invalid(field, '', fault)];
  if (value === undefined || typeof value === 'string') return [];
  return [
    invalid(
      field,
      '',
      `${dotted(path)} accessor error: ${goText(value)} is of the type ${goType(value)}, expected string`,
    ),
  ];
}

function lookUp(object: unknown, path: readonly string[]): { value?: unknown; fault?: string } {
  let value = object;
  for (const [depth, field] of path.entries()) {
    // A null on the way is as good as nothing.
    if (value === undefined || value === null) return {};
    if (!isData(value)) {
      const said = `${goText(value)} is of the type ${goType(value)}, expected map[string]interface{}`;
      return { fault: `${dotted(path.slice(0, depth + 1))} accessor error: ${said}` };
    }
    value = own(value, field);
  }
  return { value };
}

const dotted = (path: readonly string[]) => `.${path.join('.')}`;

function goType(value: unknown): string {
  if (value === null) return '<nil>';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}
