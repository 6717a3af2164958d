import { type Memory, type Rules, splitElementId } from './rules.ts';
import { allFixedChains, balancerRules, sharedSets, tableName } from './table.ts';

/** One transaction: the text for nft, and what to do when it succeeded. */
export interface Transaction {
  /** '' when nothing differs. */
  script: string;
  /** UDP flows whose endpoint is gone, as in `Rules.flows`. */
  endedFlows: readonly string[];
  /** Affinity maps that may remember an endpoint that is gone. */
  reviewMemories: ReadonlyMap<string, Memory>;
  /** Endpoints that 127.0.0.1 of the host shall reach. */
  loopback: ReadonlySet<string>;
  commit(): void;
}

interface Claim {
  owner: string;
  value: string;
  /** Others who want the same key; the first who came has it until it leaves. */
  rivals?: Map<string, string>;
}

/** What is in the table beside the fixed parts, as `nft list` tells. */
export interface Present {
  chains: readonly string[];
  maps: readonly string[];
}

/**
 * All owners' rules and what of them is in the kernel. A change costs what changed, not what there is; everything
 * handed out by `difference` or `whole` counts as present once `commit` was called.
 */
export class RuleState {
  readonly #table: string;
  readonly #owners = new Map<string, Rules>();
  readonly #claims = new Map<string, Claim>();
  readonly #touched = new Set<string>();
  readonly #touchedOwners = new Map<string, Rules | undefined>();
  readonly #applied = new Map<string, string>();
  readonly #balancers = new Set<string>();

  constructor(instance: string) {
    this.#table = tableName(instance);
  }

  /** The owner's rules as they shall be; undefined when it is gone. */
  set(owner: string, rules: Rules | undefined): void {
    const before = this.#owners.get(owner);
    if (!this.#touchedOwners.has(owner)) this.#touchedOwners.set(owner, before);
    for (const id of before?.elements.keys() ?? []) if (!rules?.elements.has(id)) this.#release(id, owner);
    for (const [id, value] of rules?.elements ?? []) this.#claim(id, owner, value);
    if (rules && !isEmpty(rules)) this.#owners.set(owner, rules);
    else this.#owners.delete(owner);
  }

  /** The transaction from what is applied to what shall be. */
  difference(): Transaction {
    const table = this.#table;
    const removed: string[] = [];
    const added: [id: string, value: string][] = [];
    for (const id of this.#touched) {
      const wanted = this.#claims.get(id)?.value;
      const present = this.#applied.get(id);
      if (wanted === present) continue;
      if (present !== undefined) removed.push(id);
      if (wanted !== undefined) added.push([id, wanted]);
    }
    const chains = new Map<string, readonly string[]>();
    const memories = new Map<string, Memory>();
    const reviewMemories = new Map<string, Memory>();
    const goneChains = new Set<string>();
    const goneMemories = new Set<string>();
    let nodePortMemories = false;
    for (const [owner, before] of this.#touchedOwners) {
      const now = this.#owners.get(owner);
      for (const [name, rules] of now?.chains ?? []) {
        if (before?.chains.get(name)?.join('\n') !== rules.join('\n')) chains.set(name, rules);
      }
      for (const [name, memory] of now?.memories ?? []) {
        const previous = before?.memories.get(name);
        if (previous?.endpoints.some((endpoint) => !memory.endpoints.includes(endpoint))) {
          reviewMemories.set(name, memory);
        }
        // Another time-out makes it another map, and the rules that use it must let go of the old one.
        if (previous?.seconds === memory.seconds) continue;
        memories.set(name, memory);
        if (!before?.memories.has(name)) continue;
        goneMemories.add(name);
        for (const [chain, rules] of now?.chains ?? []) chains.set(chain, rules);
        nodePortMemories = true;
      }
      for (const name of before?.chains.keys() ?? []) if (!now?.chains.has(name)) goneChains.add(name);
      for (const name of before?.memories.keys() ?? []) if (!now?.memories.has(name)) goneMemories.add(name);
      if ((before?.nodePortMemories.join('\n') ?? '') !== (now?.nodePortMemories.join('\n') ?? '')) {
        nodePortMemories = true;
      }
    }
    const balancers = this.#missingBalancers(added, chains);
    const emptied = [...goneChains, ...[...chains.keys()], ...(nodePortMemories ? ['sticky-nodeports'] : [])];
    const lines = [
      ...[...balancers.keys(), ...chains.keys()].map((name) => `add chain ip ${table} ${name}`),
      ...emptied.map((name) => `flush chain ip ${table} ${name}`),
      ...elementLines(
        'delete',
        table,
        removed.map((id) => [id, ''] as const),
      ),
      ...[...goneChains].map((name) => `delete chain ip ${table} ${name}`),
      ...[...goneMemories].map((name) => `delete map ip ${table} ${name}`),
      ...[...memories].map((memory) => memoryLine(table, memory)),
      ...chainLines(table, balancers),
      ...chainLines(table, chains),
      ...(nodePortMemories ? this.#nodePortMemoryLines() : []),
      ...elementLines('add', table, added),
    ];
    const touched = [...this.#touchedOwners].map(([owner, before]) => ({ before, now: this.#owners.get(owner) }));
    const endedFlows = touched.flatMap(({ before, now }) =>
      [...(before?.flows ?? [])].filter((flow) => !now?.flows.has(flow)),
    );
    this.#touched.clear();
    this.#touchedOwners.clear();
    return {
      script: lines.length === 0 ? '' : `${lines.join('\n')}\n`,
      endedFlows,
      reviewMemories,
      loopback: new Set(touched.flatMap(({ now }) => [...(now?.loopback ?? [])])),
      commit: () => {
        for (const id of removed) this.#applied.delete(id);
        for (const [id, value] of added) this.#applied.set(id, value);
        for (const name of balancers.keys()) this.#balancers.add(name);
      },
    };
  }

  /**
   * The transaction that makes the table right whatever is in it: the fixed part `base`, all elements anew, and without the
   * chains and maps among `present` that nobody wants any more. Session affinities that still apply are kept.
   */
  whole(base: string, present: Present): Transaction {
    const table = this.#table;
    const elements = [...this.#claims].map(([id, { value }]) => [id, value] as const);
    const chains = new Map([...this.#owners.values()].flatMap((rules) => [...rules.chains]));
    const memories = new Map([...this.#owners.values()].flatMap((rules) => [...rules.memories]));
    this.#balancers.clear();
    const balancers = this.#missingBalancers(elements, chains);
    const wanted = new Set([...allFixedChains, ...chains.keys(), ...balancers.keys()]);
    const wantedMaps = new Set<string>([...sharedSets, ...memories.keys()]);
    const oldChains = present.chains.filter((name) => !wanted.has(name));
    const oldMaps = present.maps.filter((name) => !wantedMaps.has(name));
    const own = [...balancers.keys(), ...chains.keys()];
    const lines = [
      ...own.map((name) => `add chain ip ${table} ${name}`),
      ...[...own, ...oldChains, 'sticky-nodeports'].map((name) => `flush chain ip ${table} ${name}`),
      ...sharedSets.map((name) => `flush ${name === 'hairpin' ? 'set' : 'map'} ip ${table} ${name}`),
      ...oldChains.map((name) => `delete chain ip ${table} ${name}`),
      ...oldMaps.map((name) => `delete map ip ${table} ${name}`),
      ...[...memories].map((memory) => memoryLine(table, memory)),
      ...chainLines(table, balancers),
      ...chainLines(table, chains),
      ...this.#nodePortMemoryLines(),
      ...elementLines('add', table, elements),
    ];
    this.#touched.clear();
    this.#touchedOwners.clear();
    return {
      script: `${base}${lines.join('\n')}\n`,
      endedFlows: [],
      reviewMemories: memories,
      loopback: new Set([...this.#owners.values()].flatMap((rules) => [...rules.loopback])),
      commit: () => {
        this.#applied.clear();
        for (const [id, value] of elements) this.#applied.set(id, value);
        for (const name of balancers.keys()) this.#balancers.add(name);
      },
    };
  }

  #claim(id: string, owner: string, value: string): void {
    const claim = this.#claims.get(id);
    if (!claim) this.#claims.set(id, { owner, value });
    else if (claim.owner !== owner) {
      claim.rivals ??= new Map();
      claim.rivals.set(owner, value);
      return;
    } else if (claim.value === value) return;
    else claim.value = value;
    this.#touched.add(id);
  }

  #release(id: string, owner: string): void {
    const claim = this.#claims.get(id);
    if (claim?.owner !== owner) {
      claim?.rivals?.delete(owner);
      return;
    }
    this.#touched.add(id);
    const next = claim.rivals?.entries().next().value;
    if (!next) {
      this.#claims.delete(id);
      return;
    }
    [claim.owner, claim.value] = next;
    claim.rivals?.delete(claim.owner);
  }

  #missingBalancers(
    elements: Iterable<readonly [string, string]>,
    chains: ReadonlyMap<string, readonly string[]>,
  ): Map<string, readonly string[]> {
    const found = new Map<string, readonly string[]>();
    const look = (target: string) => {
      const name = target.startsWith('goto ') ? target.slice(5) : '';
      const rules = this.#balancers.has(name) ? [] : balancerRules(name);
      if (rules.length > 0) found.set(name, rules);
    };
    for (const [, value] of elements) look(value);
    for (const rules of chains.values()) rules.forEach(look);
    return found;
  }

  #nodePortMemoryLines(): string[] {
    return [...this.#owners.values()].flatMap(({ nodePortMemories }) =>
      nodePortMemories.map((rule) => `add rule ip ${this.#table} sticky-nodeports ${rule}`),
    );
  }
}

function isEmpty(rules: Rules): boolean {
  return rules.elements.size === 0;
}

function memoryLine(table: string, [name, { seconds }]: readonly [string, Memory]): string {
  return `add map ip ${table} ${name} { type ipv4_addr : ipv4_addr . inet_service; flags dynamic,timeout; timeout ${seconds}s; size 65536; }`;
}

function chainLines(table: string, chains: ReadonlyMap<string, readonly string[]>): string[] {
  return [...chains].flatMap(([name, rules]) => rules.map((rule) => `add rule ip ${table} ${name} ${rule}`));
}

function elementLines(
  verb: 'add' | 'delete',
  table: string,
  elements: readonly (readonly [string, string])[],
): string[] {
  const bySet = new Map<string, string[]>();
  for (const [id, value] of elements) {
    const { set, key } = splitElementId(id);
    const text = value === '' ? key : `${key} : ${value}`;
    const list = bySet.get(set);
    if (list) list.push(text);
    else bySet.set(set, [text]);
  }
  return [...bySet].map(([set, list]) => `${verb} element ip ${table} ${set} { ${list.join(', ')} }`);
}
