import { fail } from '../evaluate/failure.ts';
import { Opaque } from '../values/value.ts';
import { reading } from './costs.ts';
import { declare } from './declare.ts';

/** A version of Semantic Versioning 2.0.0. */
class Semver extends Opaque {
  readonly typeName = 'kubernetes.Semver';
  readonly numbers: readonly bigint[];
  readonly preRelease: readonly string[];
  readonly build: readonly string[];

  constructor(numbers: readonly bigint[], preRelease: readonly string[], build: readonly string[]) {
    super();
    this.numbers = numbers;
    this.preRelease = preRelease;
    this.build = build;
  }

  equals(other: Semver): boolean {
    return order(this, other) === 0;
  }

  plain(): string {
    const pre = this.preRelease.length === 0 ? '' : `-${this.preRelease.join('.')}`;
    const build = this.build.length === 0 ? '' : `+${this.build.join('.')}`;
    return `${this.numbers.join('.')}${pre}${build}`;
  }
}

const names = ['Major', 'Minor', 'Patch'];

/** The version, or what is wrong with the text, in the words of the library that Kubernetes uses. */
function read(text: string): Semver | string {
  if (text === '') return 'Version string empty';
  const parts = /^([^.]*)\.([^.]*)\.([\s\S]*)$/.exec(text);
  if (parts === null) return 'No Major.Minor.Patch elements found';
  const [, major = '', minor = '', rest = ''] = parts;
  const { patch, preRelease, build } = tail(rest);
  const numbers: bigint[] = [];
  for (const [index, number] of [major, minor, patch].entries()) {
    const problem = numberProblem(number, names[index] ?? '');
    if (problem !== undefined) return problem;
    numbers.push(BigInt(number));
  }
  for (const identifier of preRelease ?? []) {
    if (identifier === '') return 'Prerelease is empty';
    if (!/^[0-9A-Za-z-]+$/.test(identifier)) return `Invalid character(s) found in prerelease "${identifier}"`;
    if (/^0\d+$/.test(identifier)) return `Numeric PreRelease version must not contain leading zeroes "${identifier}"`;
  }
  for (const identifier of build ?? []) {
    if (identifier === '') return 'Build meta data is empty';
    if (!/^[0-9A-Za-z-]+$/.test(identifier)) return `Invalid character(s) found in build meta data "${identifier}"`;
  }
  return new Semver(numbers, preRelease ?? [], build ?? []);
}

function tail(rest: string): { patch: string; preRelease: string[] | undefined; build: string[] | undefined } {
  const plus = rest.indexOf('+');
  const build = plus < 0 ? undefined : rest.slice(plus + 1).split('.');
  const before = plus < 0 ? rest : rest.slice(0, plus);
  const dash = before.indexOf('-');
  const preRelease = dash < 0 ? undefined : before.slice(dash + 1).split('.');
  return { patch: dash < 0 ? before : before.slice(0, dash), preRelease, build };
}

function numberProblem(number: string, name: string): string | undefined {
  if (!/^\d*$/.test(number)) return `Invalid character(s) found in ${name.toLowerCase()} number "${number}"`;
  if (/^0\d/.test(number)) return `${name} number must not contain leading zeroes "${number}"`;
  if (number === '') return 'strconv.ParseUint: parsing "": invalid syntax';
  return number.length > 20 || BigInt(number) >= 2n ** 64n
    ? `strconv.ParseUint: parsing "${number}": value out of range`
    : undefined;
}

/** `v1.2` as `1.2.0`: without the `v`, with what is missing as 0, without leading zeros. */
function normalized(text: string): Semver | string {
  const [major = '', minor, ...rest] = text.replace(/^v/, '').split('.');
  const parts = [major, ...(minor === undefined ? [] : [minor]), ...(rest.length === 0 ? [] : [rest.join('.')])].map(
    trimZeros,
  );
  if (parts.length < 3) {
    if (/[+-]/.test(parts.at(-1) ?? '')) return 'short version cannot contain PreRelease/Build meta data';
    while (parts.length < 3) parts.push('0');
  }
  return read(parts.join('.'));
}

function trimZeros(part: string): string {
  if (part.length <= 1) return part;
  const trimmed = part.replace(/^0+/, '');
  return /^\d/.test(trimmed) ? trimmed : `0${trimmed}`;
}

function order(a: Semver, b: Semver): number {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  return preReleaseOrder(a.preRelease, b.preRelease);
}

function preReleaseOrder(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return Math.sign(b.length === a.length ? 0 : a.length === 0 ? 1 : -1);
  for (const [index, identifier] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (identifier !== other) return identifierOrder(identifier, other);
  }
  return a.length < b.length ? -1 : 0;
}

function identifierOrder(a: string, b: string): number {
  const numeric = [/^\d+$/.test(a), /^\d+$/.test(b)] as const;
  if (numeric[0] && numeric[1]) return BigInt(a) < BigInt(b) ? -1 : 1;
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
  return a < b ? -1 : 1;
}

const parse = (text: string, tolerant = false) => (tolerant === true ? normalized(text) : read(text));

function semver(text: string, tolerant: unknown): Semver {
  const version = parse(text, tolerant === true);
  return typeof version === 'string' ? fail(version) : version;
}

const isSemver = (text: string, tolerant: unknown) => typeof parse(text, tolerant === true) !== 'string';

/** Versions. Source: the semver library of `k8s.io/apiserver/pkg/cel/library`. */
export const versions = [
  declare('semver(string): semver', semver, reading),
  declare('semver(string, bool): semver', semver, reading),
  declare('isSemver(string): bool', isSemver, reading),
  declare('isSemver(string, bool): bool', isSemver, reading),
  declare('semver.major(): int', (version: Semver) => version.numbers[0] ?? 0n),
  declare('semver.minor(): int', (version: Semver) => version.numbers[1] ?? 0n),
  declare('semver.patch(): int', (version: Semver) => version.numbers[2] ?? 0n),
  declare('semver.isGreaterThan(semver): bool', (a: Semver, b: Semver) => order(a, b) > 0),
  declare('semver.isLessThan(semver): bool', (a: Semver, b: Semver) => order(a, b) < 0),
  declare('semver.compareTo(semver): int', (a: Semver, b: Semver) => BigInt(order(a, b))),
];
