import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBerthError } from '../errors/index.ts';
import {
  checkFieldSelector,
  fieldMatcher,
  formatFieldSelector,
  formatLabelSelector,
  labelSelectorOf,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
} from './index.ts';

const matches = (selector: string, labels: Record<string, string>) =>
  matchesLabels(parseLabelSelector(selector), labels);

describe('label selectors', () => {
  it.each([
    ['', { a: 'b' }, true],
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a!=b', {}, true],
    ['a!=b', { a: 'b' }, false],
    ['a in (b, c)', { a: 'c' }, true],
    ['a in (b,c),d', { a: 'c' }, false],
    ['a notin (b,c)', {}, true],
    ['a notin (b,c)', { a: 'b' }, false],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['! a', {}, true],
    ['a=', { a: '' }, true],
    ['a in ()', { a: '' }, true],
    ['a>5', { a: '10' }, true],
    ['a<5', { a: '10' }, false],
    ['a>5', { a: 'x' }, false],
    ['app.kubernetes.io/name=x', { 'app.kubernetes.io/name': 'x' }, true],
    ['in in (in)', { in: 'in' }, true],
    ['constructor', {}, false],
    ['!constructor', {}, true],
  ])('%s on %j is %s', (selector, labels, expected) => {
    expect(matches(selector, labels as Record<string, string>)).toBe(expected);
  });

  it.each(['a=b,', ',a', 'a=b c', 'a in b', 'a in (b', 'a=(', '=a', '-a', 'a/b/c=d', 'a=b!', 'a>x', 'ä=b', 'a=b=c'])(
    'refuses %j with BadRequest',
    (selector) => {
      expect(() => parseLabelSelector(selector)).toThrow(/^(unable to parse requirement: |found )/);
    },
  );

  it('reads selector objects; absent matches nothing, empty everything', () => {
    expect(matchesLabels(labelSelectorOf(undefined), { a: 'b' })).toBe(false);
    expect(matchesLabels(labelSelectorOf({}), { a: 'b' })).toBe(true);
    const selector = labelSelectorOf({
      matchLabels: { a: 'b' },
      matchExpressions: [{ key: 'c', operator: 'NotIn', values: ['d'] }],
    });
    expect(matchesLabels(selector, { a: 'b' })).toBe(true);
    expect(matchesLabels(selector, { a: 'b', c: 'd' })).toBe(false);
    expect(() => labelSelectorOf({ matchExpressions: [{ key: 'a', operator: 'Like' }] })).toThrow('not a valid');
    expect(() => labelSelectorOf({ matchExpressions: [{ key: 'a', operator: 'In' }] })).toThrow("can't be empty");
  });

  it('survives its own text, and never fails otherwise than with a BerthError', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,5}$/);
    const requirement = fc.oneof(
      fc.record({
        key: word,
        operator: fc.constantFrom('In' as const, 'NotIn' as const),
        values: fc.uniqueArray(word, { minLength: 1, maxLength: 3 }).map((values) => values.sort()),
      }),
      fc.record({
        key: word,
        operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const),
        values: fc.constant([] as string[]),
      }),
    );
    fc.assert(
      fc.property(fc.array(requirement), (selector) => {
        expect(parseLabelSelector(formatLabelSelector(selector))).toEqual(selector);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseLabelSelector(text);
          parseFieldSelector(text);
        } catch (error) {
          expect(isBerthError(error, 'BadRequest')).toBe(true);
        }
      }),
    );
  });
});

describe('field selectors', () => {
  const pod = { metadata: { name: 'a', namespace: 'n' }, spec: { nodeName: 'x' }, status: {} };

  it.each([
    ['', true],
    ['metadata.name=a', true],
    ['metadata.name==a,metadata.namespace=n', true],
    ['metadata.name!=a', false],
    ['status.phase=', true],
    ['status.phase!=Running', true],
    ['spec.hostNetwork=false', true],
    ['spec.nodeName=x', true],
  ])('%s is %s', (selector, expected) => {
    expect(fieldMatcher(parseFieldSelector(selector))(pod)).toBe(expected);
  });

  it.each([
    ['!!', "unable to parse requirement: found '!', expected: identifier"],
    ['=a', "found '=', expected: !, identifier, or 'end of string'"],
    ['a,', "found '', expected: identifier after ','"],
    ['a,=b', "found '=', expected: identifier after ','"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ])('says what is wrong with the labels %s', (selector, why) => {
    expect(() => parseLabelSelector(selector)).toThrow(expect.objectContaining({ message: why }));
  });

  it('follows the kind: other names, other fields', () => {
    const event = { source: { component: 'kubelet' } };
    expect(fieldMatcher(parseFieldSelector('source=kubelet'), { source: ['source.component'] })(event)).toBe(true);
    const either = { source: ['source.component', 'reportingComponent'] };
    const asking = (text: string, object: object) => fieldMatcher(parseFieldSelector(text), either)(object);
    expect(asking('source=kubelet', { ...event, reportingComponent: 'other' })).toBe(true);
    expect(asking('source=other', { source: {}, reportingComponent: 'other' })).toBe(true);
    expect(asking('source!=other', { reportingComponent: 'other' })).toBe(false);
    expect(asking('source=', {})).toBe(true);
    const asked = parseFieldSelector('spec.x=1');
    expect(() => checkFieldSelector(asked, { source: [] })).toThrow('field label not supported: spec.x');
    expect(() => checkFieldSelector(asked, {}, { isCustom: true })).toThrow('field label not supported: spec.x');
    const why = '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"';
    expect(() => checkFieldSelector(asked, {})).toThrow(why);
    expect(() => checkFieldSelector(parseFieldSelector('metadata.name=1'), {})).not.toThrow();
  });

  it.each(['a', 'a,b=c', '=b', 'a=b\\c', 'a=b=c'])('refuses %j', (selector) => {
    expect(() => parseFieldSelector(selector)).toThrow('invalid selector');
  });

  it('survives its own text', () => {
    const requirement = fc.record({
      field: fc.constantFrom('metadata.name', 'spec.nodeName'),
      operator: fc.constantFrom('=' as const, '!=' as const),
      value: fc.string(),
    });
    fc.assert(
      fc.property(fc.array(requirement), (selector) => {
        expect(parseFieldSelector(formatFieldSelector(selector))).toEqual(selector);
      }),
    );
  });
});
