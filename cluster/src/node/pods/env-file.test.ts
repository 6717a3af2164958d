import { expect, test } from 'vitest';
import { valueInFile } from './env-file.ts';

// As ParseEnv of Kubernetes 1.35 reads them.
test.each([
  ["A='1'\nB='2'\n", 'B', '2'],
  ["  # a remark\n\n\tA='x' # more\n", 'A', 'x'],
  ["A='one\ntwo'\nB='3'", 'A', 'one\ntwo'],
  ["A='one\ntwo'\nB='3'", 'B', '3'],
  ["A= 'x'\nB='2'", 'A', ''],
  ["A= 'x'\nB='2'", 'B', '2'],
  ["A='x=y'\r\n", 'A', 'x=y'],
  ["A=''", 'A', ''],
  ["A='1'\nA='2'", 'A', '1'],
  ["A='1'", 'C', ''],
  ["A='1'\nnonsense", 'A', '1'],
  ['', 'A', ''],
])('%j says of %s %j', (text, key, value) => {
  expect(valueInFile(text, key)).toBe(value);
});

test.each([
  ['nonsense', "at line 1: missing '='"],
  ["='x'", 'at line 1: empty variable name'],
  ["A ='x'", "at line 1: whitespace before '=' is not allowed"],
  ['\nA=x', 'at line 2: value must be enclosed in single quotes'],
  ['A="x"', 'at line 1: value must be enclosed in single quotes'],
  ["A='x'y", 'at line 1: unexpected content after closing quote'],
  ["B='1'\nA='x\ny", 'starting at line 2: unclosed single quote'],
])('%j is refused', (text, why) => {
  expect(() => valueInFile(text, 'Z')).toThrow(`invalid environment variable format ${why}`);
});
