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

/** Puts a value where it belongs in a resource. */
type Around = (value: unknown) => object;

const metaFields = new Set(['metadata', 'apiVersion', 'kind']);
const validated = { apiVersion: 'validation/v1', kind: 'Validation' };
const embedding: Schema = { 'x-kubernetes-embedded-resource': true };

/** Whether the defaults of a structural schema are values that the schema itself would accept, with nothing to prune. */
export function validateDefaults(schema: Schema, path: string): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const values = new ValueValidator();
  const budget = new CelBudget();
  // The root is a resource like any that it embeds.
  visit({ ...schema, 'x-kubernetes-embedded-resource': true }, path);
  return causes;

  // Defaults below additionalProperties are never filled in by name: Kubernetes does not look at them either.
  function visit(of: Schema, at: string, around?: Around): void {
    const embedded = of['x-kubernetes-embedded-resource'] === true;
    const outside = embedded ? undefined : around;
    if (!isAbsent(of.default)) {
      causes.push(...(outside === undefined ? check(of, child(at, 'default')) : checkMetadata(of, at, outside)));
    }
    if (of.items !== undefined) visit(of.items, child(at, 'items'), outside && ((value) => outside([value])));
    for (const [name, property] of Object.entries(of.properties ?? {})) {
      const isMeta = embedded && metaFields.has(name);
      const within: Around | undefined = isMeta ? (value) => ({ [name]: value }) : undefined;
      const below: Around | undefined = outside && ((value) => outside({ [name]: value }));
      visit(property, entry(child(at, 'properties'), name), within ?? below);
    }
  }

  /** A default of what a resource says of its type or in its metadata must be something that it may say there. */
  function checkMetadata(of: Schema, path: string, around: Around): ErrorCause[] {
    const at = child(path, 'default');
    const whole = { ...validated, ...around(of.default) };
    const resource: Schema = { type: 'object', ...embedding };
    const wrong = [...malformedMetadata(whole, resource), ...checkEmbedded(whole, resource)];
    if (wrong.length > 0) {
      const said = wrong.map(({ field, message }) => `${field}: ${message}`);
      const all = said.length === 1 ? said[0] : `[${said.join(', ')}]`;
      return [invalid(at, of.default, `must result in valid metadata: ${all}`)];
    }
    return values.validate(of, of.default).faults.map((fault) => causeOf(fault, at));
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
