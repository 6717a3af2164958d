import { expect, test } from 'vitest';
import { jsonFault } from './json-fault.ts';

/** Bodies, and what kube-apiserver v1.35 says of them. */
test.each([
  ['', 'unexpected end of JSON input'],
  ['{"a":', 'unexpected end of JSON input'],
  ['{"apiVersion":"v1"}x', "invalid character 'x' after top-level value"],
  ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
  ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ['[1 2]', "invalid character '2' after array element"],
  ['{"a":tru}', "invalid character '}' in literal true (expecting 'e')"],
  ['{"a":nul', "invalid character ' ' in literal null (expecting 'l')"],
  ['{"a":01}', "invalid character '1' after object key:value pair"],
  ['{"a":1.}', "invalid character '}' after decimal point in numeric literal"],
  ['{"a":1e}', "invalid character '}' in exponent of numeric literal"],
  ['{"a":-}', "invalid character '}' in numeric literal"],
  ['{"a":+1}', "invalid character '+' looking for beginning of value"],
  ['{"a":"\\x"}', "invalid character 'x' in string escape code"],
  ['{"a":"\\u12g4"}', "invalid character 'g' in \\u hexadecimal character escape"],
  ['{"a":"\n"}', "invalid character '\\n' in string literal"],
  ['{"a":"', 'unexpected end of JSON input'],
  ['{"a":NaN}', "invalid character 'N' looking for beginning of value"],
  ['{"a":"x"', 'unexpected end of JSON input'],
  ['{"a":}', "invalid character '}' looking for beginning of value"],
  ['{,}', "invalid character ',' looking for beginning of object key string"],
  ['[', 'unexpected end of JSON input'],
  ['{"a":é}', "invalid character 'Ã' looking for beginning of value"],
  ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
  ['\0\0', "invalid character '\\x00' looking for beginning of value"],
])('%j: %s', (text, fault) => {
  expect(jsonFault(Buffer.from(text))).toBe(fault);
});

test('a text that JSON.parse refuses always has a fault', () => {
  const good = '{"a":[1,-2.5e+3,true,false,null,"x\\u00e9\\n"],"b":{},"c":[],"d":{"e":""}}';
  for (let at = 0; at < good.length; at++) {
    for (const text of [
      good.slice(0, at),
      `${good.slice(0, at)}}${good.slice(at)}`,
      `${good.slice(0, at)}"${good.slice(at)}`,
    ]) {
      expect(jsonFault(Buffer.from(text))).toMatch(/^(?:unexpected end of JSON input|invalid character '.+' .+)$/s);
    }
  }
});
