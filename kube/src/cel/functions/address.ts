import { isIPv4, isIPv6 } from 'node:net';

/** An IP address: 32 or 128 bits as a number. */
export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** The address, or what is wrong with the text, in the words of Kubernetes. Zones and mapped addresses are refused. */
export function parseAddress(text: string): Address | string {
  const quoted = JSON.stringify(text);
  if (text.length <= 64 && isIPv4(text)) return { bits: 32, value: groups(text.split('.'), 10, 8n) };
  if (text.length > 128 || !isIPv6(text)) {
    return `IP Address ${quoted} parse error during conversion from string: ParseAddr(${quoted}): ${addressProblem(text)}`;
  }
  if (text.includes('%')) return `IP address ${quoted} with zone value is not allowed`;
  const value = readIPv6(text);
  if (value >> 32n === 0xffffn) return `IPv4-mapped IPv6 address ${quoted} is not allowed`;
  return { bits: 128, value };
}

/** Which rule Go's `netip` finds broken first. */
function addressProblem(text: string): string {
  const sign = /[.:%]/.exec(text)?.[0];
  if (sign === '%') return 'missing IPv6 address';
  if (sign !== '.') return sign === ':' ? groupProblem(text) : 'unable to parse IP';
  const fields = text.split('.');
  for (const field of fields) {
    if (/[^0-9]/.test(field)) return 'unexpected character';
    if (field === '') return 'IPv4 field must have at least one digit';
    if (/^0\d/.test(field)) return 'IPv4 field has octet with leading zero';
    if (Number(field) > 255) return 'IPv4 field has value >255';
  }
  return fields.length < 4 ? 'IPv4 address too short' : 'IPv4 address too long';
}

function groupProblem(text: string): string {
  if (/[0-9a-fA-F]{5}/.test(text)) return 'each group must have 4 or less digits';
  const place = /:::|^:[^:]/.exec(text);
  const rest = place === null ? text : text.slice(place[0] === ':::' ? place.index + 2 : place.index);
  return `each colon-separated field must have at least one digit (at ${JSON.stringify(rest)})`;
}

function readIPv6(text: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const tail = dotted === null ? 0n : groups((dotted[2] ?? '').split('.'), 10, 8n);
  const written = dotted === null ? text : `${dotted[1]}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`;
  const [head = '', rest] = written.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = rest === undefined || rest === '' ? [] : rest.split(':');
  const zeros: string[] = new Array(rest === undefined ? 0 : 8 - left.length - right.length).fill('0');
  return groups([...left, ...zeros, ...right], 16, 16n);
}

function groups(parts: readonly string[], radix: number, width: bigint): bigint {
  return parts.reduce((value, part) => (value << width) | BigInt(Number.parseInt(part, radix)), 0n);
}

/** The canonical text: RFC 5952 for IPv6. */
export function formatAddress({ bits, value }: Address): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  const words = [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => Number((value >> shift) & 0xffffn));
  const gap = longestZeros(words);
  const text = (part: readonly number[]) => part.map((word) => word.toString(16)).join(':');
  if (gap.length < 2) return text(words);
  return `${text(words.slice(0, gap.start))}::${text(words.slice(gap.start + gap.length))}`;
}

function longestZeros(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, word] of words.entries()) {
    if (word !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}

/** The address with all but its first `prefix` bits cleared. */
export function masked({ bits, value }: Address, prefix: number): Address {
  const host = BigInt(bits - prefix);
  return { bits, value: (value >> host) << host };
}

/** Whether the address is in the network whose first `prefix` bits are those of `network`. */
export function inNetwork(address: Address, network: Address, prefix: number): boolean {
  return address.bits === network.bits && masked(address, prefix).value === masked(network, prefix).value;
}
