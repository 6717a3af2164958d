import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  bytes,
  bytesQuantity,
  canonicalQuantity,
  compareQuantities,
  cpuMillis,
  formatQuantity,
  isQuantity,
  parseQuantity,
  subtractQuantities,
} from './index.ts';

describe('quantities', () => {
  it.each([
    ['1000m', '1'],
    ['0.5', '500m'],
    ['1.5', '1500m'],
    ['0.1', '100m'],
    ['1024Ki', '1Mi'],
    ['1.5Gi', '1536Mi'],
    ['1000Ki', '1000Ki'],
    ['128Mi', '128Mi'],
    ['1e3', '1e3'],
    ['12E2', '1200'],
    ['1000', '1k'],
    ['1000k', '1M'],
    ['1Ei', '1Ei'],
    ['0', '0'],
    ['-1', '-1'],
    ['+5', '5'],
    ['.5', '500m'],
    ['5.', '5'],
    ['0.5Ki', '512'],
    ['1n', '1n'],
    ['0.1n', '1n'],
    ['100e-3', '100e-3'],
    ['9223372036854775807', '9223372036854775807'],
    ['99999999999999999999', '9223372036854775807'],
  ])('writes %s as %s', (text, canonical) => expect(canonicalQuantity(text)).toBe(canonical));

  it.each(['', ' 1', '1 ', 'abc', '1KI', '1mi', '1kk', '.', '-', '1e', '1e1.5', '0x10', '1,5', 'NaN', 'Infinity'])(
    'refuses %j',
    (text) => {
      expect(isQuantity(text)).toBe(false);
      expect(() => parseQuantity(text)).toThrow('quantities must match the regular expression');
    },
  );

  it('is quick with hostile exponents', () => {
    expect(canonicalQuantity('1e999999999')).toBe('9223372036854775807');
    expect(canonicalQuantity('1e-999999999')).toBe('1e-9');
  });

  it('converts for the scheduler and the node', () => {
    expect(cpuMillis('0.5')).toBe(500);
    expect(cpuMillis('1u')).toBe(1);
    expect(cpuMillis(2)).toBe(2000);
    expect(cpuMillis(undefined)).toBe(0);
    expect(bytes('1Ki')).toBe(1024);
    expect(bytes('128974848')).toBe(128974848);
    expect(formatQuantity(bytesQuantity(512 * 1024 * 1024))).toBe('512Mi');
    expect(compareQuantities('1Gi', '1G')).toBeGreaterThan(0);
    expect(formatQuantity(addQuantities('250m', '1'))).toBe('1250m');
    expect(formatQuantity(subtractQuantities('1Gi', '512Mi'))).toBe('512Mi');
  });

  const anyQuantity = fc
    .tuple(
      fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
      fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'Ki', 'Mi', 'e3', 'E-2'),
    )
    .map(([digits, suffix]) => `${digits}${suffix}`);

  it('keeps its value through its canonical form, which is a fixed point', () => {
    fc.assert(
      fc.property(anyQuantity, (text) => {
        const canonical = canonicalQuantity(text);
        expect(compareQuantities(text, canonical)).toBe(0);
        expect(canonicalQuantity(canonical)).toBe(canonical);
      }),
    );
  });

  it('adds and subtracts exactly', () => {
    fc.assert(
      fc.property(anyQuantity, anyQuantity, (a, b) => {
        expect(compareQuantities(subtractQuantities(addQuantities(a, b), b), a)).toBe(0);
        expect(compareQuantities(addQuantities(a, b), addQuantities(b, a))).toBe(0);
      }),
    );
  });
});
