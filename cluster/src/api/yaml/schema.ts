import {
  CORE_SCHEMA,
  defineScalarTag,
  intCoreTag,
  mergeTag,
  NOT_RESOLVED,
  type ScalarTagDefinition,
  type Schema,
} from 'js-yaml';
import { fromInt64 } from '../int64.ts';

const booleans = new Map<string, boolean>();
for (const text of ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']) booleans.set(text, true);
for (const text of ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'])
  booleans.set(text, false);

const bool: ScalarTagDefinition<boolean> = defineScalarTag('tag:yaml.org,2002:bool', {
  implicit: true,
  implicitFirstChars: [...'yYnNtTfFoO'],
  resolve: (source) => booleans.get(source) ?? NOT_RESOLVED,
  identify: (value) => typeof value === 'boolean',
  represent: String,
});

const prefixes: Readonly<Record<number, string>> = { 16: '0x', 8: '0o', 2: '0b' };

/** As Go reads integers of base 0: `0644` and `0o644` are octal, `_` may part digits. */
const int: ScalarTagDefinition<number> = defineScalarTag('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: [...'-+0123456789'],
  resolve(source) {
    const found = /^([-+]?)(?:0x([0-9a-f]+)|0b([01]+)|0o?([0-7]+)|(0|[1-9]\d*))$/i.exec(source.replaceAll('_', ''));
    if (!found) return NOT_RESOLVED;
    const [, sign, hex, binary, octal, decimal] = found;
    const [digits = '', base] = hex ? [hex, 16] : binary ? [binary, 2] : octal ? [octal, 8] : [decimal, 10];
    const size = Number.parseInt(digits, base);
    const value = sign === '-' && size !== 0 ? -size : size;
    if (size < 2 ** 63) return value;
    const whole = BigInt(`${prefixes[base ?? 10] ?? ''}${digits}`);
    return fromInt64(sign === '-' ? -whole : whole) ?? value;
  },
  identify: intCoreTag.identify ?? Number.isInteger,
  represent: String,
});

/**
 * What plain scalars stand for in Kubernetes: YAML 1.1 as `sigs.k8s.io/yaml` reads it, so that `defaultMode: 0644` is 420
 * and `yes` is true. Dates stay texts.
 */
export const schema: Schema = CORE_SCHEMA.withTags(mergeTag, bool, int);
