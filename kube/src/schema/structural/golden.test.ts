import { describe, expect, it } from 'vitest';
import { isBerthError } from '../../errors/index.ts';
import { kindForObject } from '../index.ts';
import { builtInSchema } from '../object-schema.ts';
import type { CustomResourceDefinition } from './definition.ts';
import { type GoldenObject, goldenCases, sortedCauses } from './golden-cases.ts';
import { type CustomSchema, columnCell, customKind, customSchema, fieldValue } from './index.ts';

function definitionSchema() {
  const kind = kindForObject('apiextensions.k8s.io/v1', 'CustomResourceDefinition');
  if (kind === undefined) throw new Error('there is no kind CustomResourceDefinition');
  return builtInSchema(kind);
}

function definitionOf(written: unknown, mode: 'Strict' | 'Ignore' = 'Strict'): CustomResourceDefinition {
  const schema = definitionSchema();
  return schema.applyDefaults(schema.decode(written, { mode }).object) as CustomResourceDefinition;
}

function answer(schema: CustomSchema, { object, old, subresource = '' }: GoldenObject) {
  try {
    const { object: decoded, warnings } = schema.decode(object, { mode: 'Warn' });
    const completed = schema.applyDefaults(decoded);
    const before = old === undefined ? undefined : decodeOld(schema, old);
    return {
      unknown: warnings.map((warning) => warning.slice('unknown field "'.length, -1)),
      decoded: structuredClone(completed),
      causes: sortedCauses(schema.validate(completed, before, { subresource })),
    };
  } catch (error) {
    if (!isBerthError(error, 'BadRequest')) throw error;
    return { refused: error.message.replace(/^.*? cannot be handled as a \w+: /, '') };
  }
}

function decodeOld(schema: CustomSchema, old: GoldenObject['object']) {
  return schema.read(schema.applyDefaults(schema.decode(old, { mode: 'Ignore' }).object));
}

/** Ages depend on the day: any text that looks like one is. */
function withoutAges(cells: readonly unknown[], columns: readonly { type: string }[]): unknown[] {
  return cells.map((cell, at) => (columns[at]?.type === 'date' && /^\d/.test(String(cell)) ? 'some time' : cell));
}

describe.each(['objects', 'rules'])('custom resources of %s', (file) => {
  describe.each(goldenCases(file))('$name', ({ definition, objects }) => {
    const decoded = definitionOf(definition);
    const version = definition.spec.versions[0]?.name ?? '';
    const { columns } = customKind(decoded, version);
    const schema = customSchema(decoded, version);

    it.each(objects)('$name', (given) => {
      const { refused, unknown = [], decoded: shown = given.object, causes, cells, fields } = given.kubernetes;
      const ours = answer(schema, given);
      if (refused !== undefined) {
        expect(ours).toEqual({ refused });
        return;
      }
      expect(ours).toEqual({ unknown, decoded: shown, causes: sortedCauses(causes) });
      const row = columns.map((column) => columnCell(column, () => 'some time')(ours.decoded as never, new Date(0)));
      if (cells !== undefined) expect(row).toEqual(withoutAges(cells, columns));
      for (const [field, value] of Object.entries(fields ?? {})) {
        if (!field.startsWith('metadata.')) expect(fieldValue(ours.decoded, field)).toBe(value);
      }
    });

    it('stays as it is when it is read again', () => {
      for (const { object } of objects) {
        const ours = answer(schema, { name: '', object, kubernetes: {} });
        if (ours.decoded !== undefined) expect(schema.read(ours.decoded)).toBe(ours.decoded);
      }
    });
  });
});

describe('definitions', () => {
  it.each(['definitions', 'objects', 'rules'].flatMap(goldenCases))('$name', ({ definition, old, causes }) => {
    const before = old === undefined ? undefined : definitionOf(old);
    const ours = definitionSchema().validate(definitionOf(definition, 'Ignore'), before, { subresource: '' });
    expect(sortedCauses(ours).map(withoutSchema)).toEqual(sortedCauses(causes).map(withoutSchema));
  });
});

/** A whole schema is shown in Kubernetes' internal form, with all that is absent. */
function withoutSchema(cause: string): string {
  return cause.replace(/\{.*\}(?=: only \[Description)/, 'the schema');
}
