/** IPv4 addresses as unsigned 32-bit numbers, and ranges of them in CIDR form. */
export interface Ipv4Range {
  /** The first address. */
  base: number;
  /** Length of the prefix, 0 to 32. */
  prefix: number;
}

/** The number behind a dotted address, or undefined when it is not one (no leading zeros, four parts). */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

export function formatIpv4(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');
}

/** `10.3.0.0/16` as a range; undefined when malformed. Bits behind the prefix are cleared. */
export function parseRange(text: string): Ipv4Range | undefined {
  const [address = '', length = '32'] = text.split('/');
  const value = parseIpv4(address);
  if (value === undefined || !/^\d{1,2}$/.test(length) || Number(length) > 32) return undefined;
  const prefix = Number(length);
  const size = 2 ** (32 - prefix);
  return { base: Math.floor(value / size) * size, prefix };
}

export function formatRange(range: Ipv4Range): string {
  return `${formatIpv4(range.base)}/${range.prefix}`;
}

export function contains(range: Ipv4Range, address: number): boolean {
  return address >= range.base && address < range.base + 2 ** (32 - range.prefix);
}

export function overlaps(one: Ipv4Range, other: Ipv4Range): boolean {
  return contains(one, other.base) || contains(other, one.base);
}
