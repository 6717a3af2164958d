import type { Answer } from 'dns-packet';
import { contains, formatIpv4, parseIpv4, parseRange } from '../addresses/ipv4.ts';
import type { EndpointRecord, NamespaceRecords, ServiceRecords } from './records.ts';

/** What the zone says to a question. `NODATA` is `NOERROR` without answers. */
export interface ZoneAnswer {
  rcode: 'NOERROR' | 'NXDOMAIN';
  answers: Answer[];
  /** The SOA, when there is nothing to answer (RFC 2308). */
  authorities: Answer[];
  additionals: Answer[];
  /** The name an alias points to; its records belong to the answer too. */
  follow?: string;
}

/** As CoreDNS does for its `kubernetes` zone. */
const ttl = 5;

/** The cluster's names. Pure data in memory: names in, records out; nothing here waits. */
export class Zone {
  readonly #domain: string;
  readonly #range: string;
  readonly #namespaces = new Map<string, NamespaceRecords>();
  readonly #pointers = new Map<string, string>();
  readonly #pointersOf = new Map<string, string[]>();
  #serial = 1;

  /** `range`: the instance's addresses, whose reverse names are the zone's too. */
  constructor(domain: string, range: string) {
    this.#domain = domain;
    this.#range = range;
  }

  set(namespace: string, records: NamespaceRecords | undefined): void {
    this.#serial += 1;
    for (const address of this.#pointersOf.get(namespace) ?? []) this.#pointers.delete(address);
    this.#pointersOf.delete(namespace);
    this.#namespaces.delete(namespace);
    if (!records) return;
    this.#namespaces.set(namespace, records);
    const addresses: string[] = [];
    for (const [service, { addresses: own = [], endpoints = [] }] of Object.entries(records)) {
      const name = this.#serviceName(service, namespace);
      for (const address of own) this.#pointers.set(address, name);
      for (const endpoint of endpoints) this.#pointers.set(endpoint.address, `${endpoint.name}.${name}`);
      addresses.push(...own, ...endpoints.map(({ address }) => address));
    }
    this.#pointersOf.set(namespace, addresses);
  }

  get namespaces(): readonly string[] {
    return [...this.#namespaces.keys()];
  }

  /** Undefined when the name belongs to somebody else. `name` as asked, without the last dot. */
  answer(name: string, type: string): ZoneAnswer | undefined {
    const lower = name.toLowerCase();
    if (lower.endsWith('.in-addr.arpa')) return this.#reverse(name, lower, type);
    if (lower === this.#domain) return this.#apex(name, type);
    if (!lower.endsWith(`.${this.#domain}`)) return undefined;
    const labels = lower
      .slice(0, -this.#domain.length - 1)
      .split('.')
      .reverse();
    const [kind = '', namespace, service, ...rest] = labels;
    if (kind === 'dns-version' && labels.length === 1) {
      return this.#found(type === 'TXT' ? [{ type: 'TXT', name, ttl, data: '1.1.0' }] : []);
    }
    if (kind === 'pod') return this.#pod(name, type, labels);
    if (kind !== 'svc') return this.#missing();
    if (namespace === undefined) return this.#found([]);
    const records = this.#namespaces.get(namespace);
    if (!records) return this.#missing();
    if (service === undefined) return this.#found([]);
    const found = Object.hasOwn(records, service) ? records[service] : undefined;
    if (!found) return this.#missing();
    const owner = this.#serviceName(service, namespace);
    if (rest.length === 0) return this.#service(name, type, found);
    const [first = '', second] = rest;
    if (first.startsWith('_') && rest.length <= 2)
      return this.#srv({ name, type, found, owner, protocol: first, port: second });
    const endpoints = (found.endpoints ?? []).filter((endpoint) => endpoint.name === first);
    if (rest.length > 1 || endpoints.length === 0) return this.#missing();
    return this.#found(type === 'A' ? endpoints.map(({ address }) => this.#a(name, address)) : []);
  }

  #service(name: string, type: string, found: ServiceRecords): ZoneAnswer {
    if (found.alias !== undefined) {
      const alias = this.#found([{ type: 'CNAME', name, ttl, data: found.alias }]);
      return type === 'CNAME' ? alias : { ...alias, follow: found.alias };
    }
    if (type !== 'A') return this.#found([]);
    const addresses = found.addresses ?? (found.endpoints ?? []).map(({ address }) => address);
    return this.#found([...new Set(addresses)].map((address) => this.#a(name, address)));
  }

  /** `_port._protocol.service`; one that lacks the port's name exists without records (RFC 8020). */
  #srv(asked: {
    name: string;
    type: string;
    found: ServiceRecords;
    owner: string;
    protocol: string;
    port: string | undefined;
  }): ZoneAnswer {
    const { name, type, found, owner } = asked;
    const answers: Answer[] = [];
    const additionals: Answer[] = [];
    let exists = false;
    const targets: { target: string; addresses: string[]; ports: EndpointRecord['ports'] }[] = [
      ...(found.addresses ? [{ target: owner, addresses: found.addresses, ports: found.ports ?? [] }] : []),
      ...(found.endpoints ?? []).map((endpoint) => ({
        target: `${endpoint.name}.${owner}`,
        addresses: [endpoint.address],
        ports: endpoint.ports,
      })),
    ];
    for (const { target, addresses, ports } of targets) {
      for (const port of ports) {
        if (`_${port.protocol}` !== asked.protocol) continue;
        if (asked.port === undefined) exists = true;
        if (`_${port.name}` !== asked.port) continue;
        exists = true;
        if (type !== 'SRV') continue;
        const weight = Math.max(1, Math.floor(100 / targets.length));
        answers.push({ type: 'SRV', name, ttl, data: { priority: 0, weight, port: port.port, target } });
        additionals.push(...addresses.map((address) => this.#a(target, address)));
      }
    }
    return exists ? { ...this.#found(answers), additionals } : this.#missing();
  }

  /** `1-2-3-4.namespace.pod`: the address that the name itself says, for namespaces there are. */
  #pod(name: string, type: string, labels: readonly string[]): ZoneAnswer {
    const [, namespace, dashed, tooMany] = labels;
    if (namespace === undefined) return this.#found([]);
    if (!this.#namespaces.has(namespace) || tooMany !== undefined) return this.#missing();
    if (dashed === undefined) return this.#found([]);
    const address = dashed.replaceAll('-', '.');
    if (parseIpv4(address) === undefined) return this.#missing();
    return this.#found(type === 'A' ? [this.#a(name, address)] : []);
  }

  #reverse(name: string, lower: string, type: string): ZoneAnswer | undefined {
    const labels = lower.slice(0, -'.in-addr.arpa'.length).split('.').reverse();
    const range = parseRange(this.#range);
    const address = parseIpv4([...labels, '0', '0', '0'].slice(0, 4).join('.'));
    if (!range || address === undefined || labels.length < 2 || labels.length > 4) return undefined;
    const owner = this.#pointers.get(formatIpv4(address));
    // Endpoints outside of our addresses have names here as well; without one they are somebody else's to answer.
    if (!contains(range, address) && (labels.length < 4 || !owner)) return undefined;
    if (labels.length < 4) return this.#found([], this.#reverseApex());
    if (!owner) return this.#missing(this.#reverseApex());
    return this.#found(type === 'PTR' ? [{ type: 'PTR', name, ttl, data: owner }] : [], this.#reverseApex());
  }

  #apex(name: string, type: string): ZoneAnswer {
    if (type === 'SOA') return this.#found([this.#soa(name)]);
    if (type === 'NS') return this.#found([{ type: 'NS', name, ttl, data: `ns.dns.${this.#domain}` }]);
    return this.#found([]);
  }

  #found(answers: Answer[], apex = this.#domain): ZoneAnswer {
    return { rcode: 'NOERROR', answers, authorities: answers.length > 0 ? [] : [this.#soa(apex)], additionals: [] };
  }

  #missing(apex = this.#domain): ZoneAnswer {
    return { rcode: 'NXDOMAIN', answers: [], authorities: [this.#soa(apex)], additionals: [] };
  }

  #soa(name: string): Answer {
    return {
      type: 'SOA',
      name,
      ttl,
      data: {
        mname: `ns.dns.${this.#domain}`,
        rname: `hostmaster.${this.#domain}`,
        serial: this.#serial,
        refresh: 7200,
        retry: 1800,
        expire: 86_400,
        minimum: ttl,
      },
    };
  }

  #a(name: string, address: string): Answer {
    return { type: 'A', name, ttl, data: address };
  }

  #serviceName(service: string, namespace: string): string {
    return `${service}.${namespace}.svc.${this.#domain}`;
  }

  #reverseApex(): string {
    const [first, second] = this.#range.split('.');
    return `${second}.${first}.in-addr.arpa`;
  }
}
