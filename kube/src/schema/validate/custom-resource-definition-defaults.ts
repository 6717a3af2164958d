import { CelBudget } from '../../cel/index.ts';
import { type ErrorCause, isBerthError } from '../../errors/index.ts';
import { child, entry, invalid } from '../structural/causes.ts';
import { checkEmbedded } from '../structural/embedded.ts';
import { causeOf } from '../structural/faults.ts';
import { coerceEmbedded } from '../structural/metadata.ts';
import { isAbsent } from '../structural/nulls.ts';
import { pruneDefault } from '../structural/prune.ts';
import { Rules } from '../structural/rules.ts';
import { ValueValidator } from '../structural/values.ts';
import type { Schema } from '../types.ts';

/** Whether the defaults of a structural schema are values that the schema itself would accept, with nothing to prune. */
export function validateDefaults(schema: Schema, path: string): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const values = new ValueValidator();
  const budget = new CelBudget();
  // The root is a resource like any that it embeds.
  visit({ ...schema, 'x-kubernetes-embedded-resource': true }, path);
  return causes;

  // Defaults below additionalProperties are never filled in by name: Kubernetes does not look at them either.
  function visit(of: Schema, at: string): void {
    if (!isAbsent(of.default)) causes.push(...check(of, child(at, 'default')));
    if (of.items !== undefined) visit(of.items, child(at, 'items'));
    for (const [name, property] of Object.entries(of.properties ?? {})) {
      visit(property, entry(child(at, 'properties'), name));
    }
  }

  function check(of: Schema, at: string): ErrorCause[] {
    const value = of.default;
    const found: ErrorCause[] = [];
    if (pruneDefault(value, of) !== value) found.push(invalid(at, value, 'must not have unknown fields'));
    const malformed = malformedMetadata(value, of);
    if (malformed.length > 0) {
      return [...found, ...malformed.map((cause) => ({ ...cause, field: child(at, cause.field ?? '') }))];
    }
    const embedded = checkEmbedded(value, of, at);
    if (embedded.length > 0) return [...found, ...embedded];
    const { faults } = values.validate(of, value);
    if (faults.length > 0) return [...found, ...faults.map((fault) => causeOf(fault, at))];
    const rules = new Rules(of, { isResource: of['x-kubernetes-embedded-resource'] === true });
    const broken = rules.check(value, value, undefined, { path: at, budget });
    return [...found, ...(broken.length > 0 ? broken : rules.check(value, undefined, undefined, { path: at, budget }))];
  }
}

function malformedMetadata(value: unknown, schema: Schema): ErrorCause[] {
  try {
    coerceEmbedded(value, schema, { malformed: 'refuse' });
    return [];
  } catch (error) {
    if (!isBerthError(error, 'BadRequest')) throw error;
    return error.details?.causes ?? [];
  }
}
