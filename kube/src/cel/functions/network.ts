import { fail, noSuchOverload } from '../evaluate/failure.ts';
import { Opaque } from '../values/value.ts';
import { type Address, formatAddress, inNetwork, masked, parseAddress } from './address.ts';
import { reading, rewriting } from './costs.ts';
import { type CallCost, declare } from './declare.ts';

class Ip extends Opaque {
  readonly typeName = 'net.IP';
  readonly address: Address;

  constructor(address: Address) {
    super();
    this.address = address;
  }

  override get size(): number {
    return this.address.bits / 8;
  }

  equals(other: Ip): boolean {
    return this.address.bits === other.address.bits && this.address.value === other.address.value;
  }

  plain(): string {
    return formatAddress(this.address);
  }
}

class Cidr extends Opaque {
  readonly typeName = 'net.CIDR';
  readonly address: Address;
  readonly prefix: number;

  constructor(address: Address, prefix: number) {
    super();
    this.address = address;
    this.prefix = prefix;
  }

  override get size(): number {
    return Math.ceil(this.prefix / 8);
  }

  equals(other: Cidr): boolean {
    return (
      this.prefix === other.prefix &&
      this.address.bits === other.address.bits &&
      this.address.value === other.address.value
    );
  }

  plain(): string {
    return `${formatAddress(this.address)}/${this.prefix}`;
  }
}

function ip(text: string): Ip {
  const address = parseAddress(text);
  return typeof address === 'string' ? fail(address) : new Ip(address);
}

function isCanonical(text: string): boolean {
  return ip(text).plain() === text;
}

const trouble = 'network address parse error during conversion from string:';

/** The network, or what is wrong with the text. */
function readCidr(text: string): Cidr | string {
  const quoted = JSON.stringify(text);
  const slash = text.lastIndexOf('/');
  const problem = (why: string) => `${trouble} netip.ParsePrefix(${quoted}): ${why}`;
  if (slash < 0) return problem("no '/'");
  const host = text.slice(0, slash);
  const address = parseAddress(host);
  if (typeof address === 'string') {
    if (address.startsWith('IPv4-mapped')) return `IPv4-mapped IPv6 address ${quoted} is not allowed`;
    if (address.includes('zone')) return problem('IPv6 zones cannot be present in a prefix');
    return problem(address.slice(address.indexOf('ParseAddr(')));
  }
  const bits = text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d*)$/.test(bits)) return problem(`bad bits after slash: ${JSON.stringify(bits)}`);
  if (Number(bits) > address.bits) return problem('prefix length out of range');
  return new Cidr(address, Number(bits));
}

function cidr(text: string): Cidr {
  const network = readCidr(text);
  return typeof network === 'string' ? fail(`${trouble} ${network}`) : network;
}

const containsIp = (network: Cidr, { address }: Ip) => inNetwork(address, network.address, network.prefix);
const containsCidr = (network: Cidr, other: Cidr) =>
  network.prefix <= other.prefix && inNetwork(other.address, network.address, network.prefix);

/** Kubernetes answers so to what is no address. */
function containsIpText(value: Cidr, text: string): boolean {
  const address = parseAddress(text);
  return typeof address === 'string' ? fail(noSuchOverload) : containsIp(value, new Ip(address));
}

function containsCidrText(value: Cidr, text: string): boolean {
  const other = readCidr(text);
  return typeof other === 'string' ? fail(noSuchOverload) : containsCidr(value, other);
}

const tenth = (size: number) => Math.ceil(size * 0.1);
const addressCost: CallCost = ([network]) => tenth(2 * (network as Cidr).size);
const networkCost: CallCost = ([network]) =>
  addressCost([network as Cidr], undefined as never) + tenth((network as Cidr).size) + 1;
/** The other one comes as a text, which is read first. */
const andReading =
  (cost: CallCost): CallCost =>
  (args, meter) =>
    cost(args, meter) + reading(args.slice(1), meter);

const loopback = { 32: [0x7f000000n, 8], 128: [1n, 128] } as const;
const linkLocal = { 32: [0xa9fe0000n, 16], 128: [0xfe80n << 112n, 10] } as const;

function within({ address }: Ip, networks: Readonly<Record<32 | 128, readonly [bigint, number]>>): boolean {
  const [value, prefix] = networks[address.bits];
  return inNetwork(address, { bits: address.bits, value }, prefix);
}

const isUnspecified = ({ address }: Ip) => address.value === 0n;

function isLinkLocalMulticast({ address }: Ip): boolean {
  if (address.bits === 32) return address.value >> 8n === 0xe00000n;
  return ((address.value >> 112n) & 0xff0fn) === 0xff02n;
}

function isMulticast({ address }: Ip): boolean {
  return address.bits === 32 ? address.value >> 28n === 0xen : address.value >> 120n === 0xffn;
}

function isGlobalUnicast(value: Ip): boolean {
  if (value.address.bits === 32 && value.address.value === 0xffffffffn) return false;
  return !isUnspecified(value) && !within(value, loopback) && !isMulticast(value) && !within(value, linkLocal);
}

/** Addresses and networks. Source: the IP and CIDR libraries of `k8s.io/apiserver/pkg/cel/library`. */
export const network = [
  declare('ip(string): ip', ip, reading),
  declare('isIP(string): bool', (text: string) => typeof parseAddress(text) !== 'string', reading),
  declare('#ip.isCanonical(string): bool', isCanonical, rewriting),
  declare('ip.family(): int', ({ address }: Ip) => (address.bits === 32 ? 4n : 6n)),
  declare('ip.isUnspecified(): bool', isUnspecified),
  declare('ip.isLoopback(): bool', (value: Ip) => within(value, loopback)),
  declare('ip.isLinkLocalMulticast(): bool', isLinkLocalMulticast),
  declare('ip.isLinkLocalUnicast(): bool', (value: Ip) => within(value, linkLocal)),
  declare('ip.isGlobalUnicast(): bool', isGlobalUnicast),
  declare('string(ip): string', (value: Ip) => value.plain()),
  declare('cidr(string): cidr', cidr, reading),
  declare('isCIDR(string): bool', (text: string) => typeof readCidr(text) !== 'string', reading),
  declare('cidr.containsIP(string): bool', containsIpText, andReading(addressCost)),
  declare('cidr.containsIP(ip): bool', containsIp, addressCost),
  declare('cidr.containsCIDR(string): bool', containsCidrText, andReading(networkCost)),
  declare('cidr.containsCIDR(cidr): bool', containsCidr, networkCost),
  declare('cidr.ip(): ip', (value: Cidr) => new Ip(value.address)),
  declare('cidr.prefixLength(): int', (value: Cidr) => BigInt(value.prefix)),
  declare('cidr.masked(): cidr', (value: Cidr) => new Cidr(masked(value.address, value.prefix), value.prefix)),
  declare('string(cidr): string', (value: Cidr) => value.plain()),
];
