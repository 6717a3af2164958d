import type { AddressPlan } from '../addresses/index.ts';

/** The name of the instance's table, in the family `ip`. */
export function tableName(instance: string): string {
  return `berth-${instance}`;
}

/** Chains that a table always has: those without and those with a hook. */
export const fixedChains = ['dispatch', 'remember', 'sticky-nodeports', 'refuse'] as const;
const baseChains = ['guard', 'prerouting', 'output', 'forward', 'output-filter', 'postrouting'] as const;
const protocols = ['tcp', 'udp', 'sctp'] as const;
const endpointMaps = protocols.flatMap((protocol) => [
  `endpoints-${protocol}` as const,
  `nodeport-endpoints-${protocol}` as const,
]);
export const sharedSets = ['services', 'nodeports', ...endpointMaps, 'hairpin', 'sticky'] as const;
export const allFixedChains: readonly string[] = [...baseChains, ...fixedChains];

/** The link that leads to the other nodes, and the range of the pods that are not behind it, if there are any. */
export interface Uplink {
  link: string;
  podRange?: string;
}

/**
 * The part of the table that does not depend on services. Every statement may be repeated on a table that has it
 * already: maps keep their elements, chains are filled anew.
 *
 * A connection to `address . protocol . port` is looked up once and sent to the chain `lb-N` for N endpoints; that
 * draws a number below N and finds the endpoint in one more map. So one service is a few elements of two hash maps,
 * however many there are. The second map is one for each protocol: a map whose data holds a port without a protocol
 * (`th dport`) is one that nft 1.0.6 cannot read back, and with one, its rules match that protocol alone.
 */
export function baseTable(instance: string, plan: AddressPlan, uplink?: Uplink): string {
  const table = tableName(instance);
  const rules: Record<string, readonly string[]> = {
    // With route_localnet on our pods' links, packets for or from 127/8 must not come in over them. Before conntrack,
    // so that answers which conntrack leads back to 127.0.0.1 do pass.
    guard: ['veth*', ...(uplink ? [uplink.link] : [])].flatMap((link) => [
      `iifname "${link}" ip daddr 127.0.0.0/8 drop`,
      `iifname "${link}" ip saddr 127.0.0.0/8 drop`,
    ]),
    prerouting: ['jump dispatch'],
    output: ['jump dispatch'],
    dispatch: [
      'ip daddr . meta l4proto . th dport vmap @services',
      'fib daddr type local meta l4proto . th dport vmap @nodeports',
    ],
    forward: ['ct state new ct status dnat jump remember', `ip daddr ${plan.serviceRange} jump refuse`],
    'output-filter': ['ct state new ct status dnat jump remember', `ip daddr ${plan.serviceRange} jump refuse`],
    remember: ['ct original ip daddr . meta l4proto vmap @sticky', 'jump sticky-nodeports'],
    refuse: ['meta l4proto tcp reject with tcp reset', 'reject with icmp port-unreachable'],
    postrouting: [
      // Who comes from another node and is led to another must get the answers through here: from elsewhere he would not know them.
      ...(uplink
        ? [
            `ct status dnat oifname "${uplink.link}" ip saddr ${plan.range} ${uplink.podRange ? `ip saddr != ${uplink.podRange} ` : ''}fib saddr type != local masquerade`,
          ]
        : []),
      'ip saddr . ip daddr @hairpin masquerade',
      `ip saddr 127.0.0.0/8 ip daddr ${plan.range} oifname != "lo" masquerade`,
      `ip saddr ${plan.range} ip daddr != ${plan.range} oifname != "lo" masquerade`,
    ],
  };
  const hooks: Record<(typeof baseChains)[number], string> = {
    guard: 'type filter hook prerouting priority raw; policy accept;',
    prerouting: 'type nat hook prerouting priority dstnat; policy accept;',
    output: 'type nat hook output priority -100; policy accept;',
    forward: 'type filter hook forward priority filter; policy accept;',
    'output-filter': 'type filter hook output priority filter; policy accept;',
    postrouting: 'type nat hook postrouting priority srcnat; policy accept;',
  };
  const lines = [
    `add table ip ${table}`,
    `add map ip ${table} services { type ipv4_addr . inet_proto . inet_service : verdict; }`,
    `add map ip ${table} nodeports { type inet_proto . inet_service : verdict; }`,
    ...protocols.flatMap((protocol) => {
      const [port, data] = [`${protocol} dport`, `ip saddr . ${protocol} dport`];
      return [
        `add map ip ${table} endpoints-${protocol} { typeof ip daddr . ${port} . numgen random mod 65536 : ${data}; }`,
        `add map ip ${table} nodeport-endpoints-${protocol} { typeof ${port} . numgen random mod 65536 : ${data}; }`,
      ];
    }),
    `add set ip ${table} hairpin { type ipv4_addr . ipv4_addr; }`,
    `add map ip ${table} sticky { type ipv4_addr . inet_proto : verdict; }`,
    ...baseChains.map((chain) => `add chain ip ${table} ${chain} { ${hooks[chain]} }`),
    ...fixedChains.map((chain) => `add chain ip ${table} ${chain}`),
    ...Object.keys(rules).map((chain) => `flush chain ip ${table} ${chain}`),
    ...Object.entries(rules).flatMap(([chain, list]) => list.map((rule) => `add rule ip ${table} ${chain} ${rule}`)),
  ];
  return `${lines.join('\n')}\n`;
}

/** The rules of a chain that chooses one of `count` endpoints (`lb-count`, `np-count`); none for another chain. */
export function balancerRules(chain: string): string[] {
  const [, kind, count] = /^(lb|np)-(\d+)$/.exec(chain) ?? [];
  if (kind === undefined) return [];
  const [key, map] = kind === 'lb' ? ['ip daddr . ', 'endpoints'] : ['', 'nodeport-endpoints'];
  return protocols.map(
    (protocol) => `dnat ip to ${key}${protocol} dport . numgen random mod ${count} map @${map}-${protocol}`,
  );
}
