import { setTimeout as delay } from 'node:timers/promises';
import type { Informer } from '@berth/kube/client';
import { type EndpointSlice, keyOf, type Pod, type Service } from '@berth/kube/objects';
import type { Logger } from 'pino';
import { type AddressPlan, parseRange } from '../addresses/index.ts';
import { computePod, computeService } from './compute.ts';
import { RuleState, type Transaction } from './difference.ts';
import { endFlows } from './flows.ts';
import { openLoopback } from './loopback.ts';
import { listMemory, listTable, runNft } from './nft.ts';
import { NodePortGate } from './node-ports.ts';
import { here, type Place } from './place.ts';
import type { Memory, Rules } from './rules.ts';
import { baseTable, tableName, type Uplink } from './table.ts';

export interface ProxyOptions {
  instance: string;
  dataDir: string;
  plan: AddressPlan;
  services: Informer<Service>;
  endpointSlices: Informer<EndpointSlice>;
  pods: Informer<Pod>;
  /** Rules that hold without any object: the way to the cluster's DNS. They win over objects that want the same. */
  fixed: Rules;
  /** A port of the host that another instance on this machine leads to its pods; told once for each. */
  onPortTaken?(service: Service | Pod, port: string): void;
  /** Where instances claim the host's ports; the machine's own place when absent. */
  nodePortClaims?: string;
  /** The namespace whose table it is; this process's when absent. */
  place?: Place;
  /** Where there are other nodes. */
  uplink?: Uplink;
  /** Whether the host ports of pods on this node are led to them here; those of all when absent. */
  servesHostPorts?(node: string): boolean;
  logger: Logger;
  signal: AbortSignal;
}

export interface Proxy {
  /** Resolves when the rules of everything known at the start are in the kernel. */
  ready: Promise<void>;
  /** Resolves when no change is waiting. */
  settled(): Promise<void>;
}

const serviceLabel = 'kubernetes.io/service-name';
const longestBackoff = 10_000;
/** Somebody may have flushed the machine's whole rule set, as `systemctl restart nftables` does. */
const presenceInterval = 10_000;

/**
 * Keeps the instance's table equal to what services, endpoint slices and host ports say, until the signal is aborted.
 * The rules stay then. Changes that come while nft runs go together into the next transaction.
 */
export function startProxy(options: ProxyOptions): Proxy {
  const { instance, plan, services, endpointSlices, pods, logger, signal, place = here } = options;
  const state = new RuleState(instance);
  const gate = new NodePortGate(options.dataDir, options.nodePortClaims);
  const podRange = parseRange(plan.podRange) ?? { base: 0, prefix: 32 };
  const slicesOf = new Map<string, Map<string, EndpointSlice>>();
  const dirtyServices = new Set<string>();
  const dirtyPods = new Map<string, Pod | undefined>();
  let wake = Promise.withResolvers<void>();
  let idle = Promise.withResolvers<void>();
  let busy = true;
  const { promise: ready, resolve: isReady } = Promise.withResolvers<void>();

  function changed(): void {
    if (!busy) {
      busy = true;
      idle = Promise.withResolvers();
    }
    wake.resolve();
  }

  const unsubscribe = [
    services.subscribe(({ object }) => {
      dirtyServices.add(keyOf(object));
      changed();
    }),
    endpointSlices.subscribe((change) => {
      const service = change.object.metadata.labels?.[serviceLabel];
      if (!service) return;
      const key = keyOf({ metadata: { ...change.object.metadata, name: service } });
      const slices = slicesOf.get(key) ?? new Map<string, EndpointSlice>();
      if (change.type === 'deleted') slices.delete(change.object.metadata.name);
      else slices.set(change.object.metadata.name, change.object);
      if (slices.size === 0) slicesOf.delete(key);
      else slicesOf.set(key, slices);
      dirtyServices.add(key);
      changed();
    }),
    pods.subscribe((change) => {
      if (!hasHostPort(change.object)) return;
      if (options.servesHostPorts?.(change.object.spec?.nodeName ?? '') === false) return;
      dirtyPods.set(keyOf(change.object), change.type === 'deleted' ? undefined : change.object);
      changed();
    }),
  ];

  async function take(): Promise<void> {
    const [keys, changedPods] = [[...dirtyServices], [...dirtyPods]];
    dirtyServices.clear();
    dirtyPods.clear();
    for (const key of keys) {
      const slash = key.indexOf('/');
      const service = services.get({ namespace: key.slice(0, slash), name: key.slice(slash + 1) });
      const slices = [...(slicesOf.get(key)?.values() ?? [])];
      await admit(`service ${key}`, service, service && computeService(service, slices, podRange));
    }
    for (const [key, pod] of changedPods) await admit(`pod ${key}`, pod, pod && computePod(pod, podRange));
  }

  async function admit(owner: string, object: Service | Pod | undefined, wanted: Rules | undefined): Promise<void> {
    const { rules, conflicts } = await gate.admit(owner, wanted);
    state.set(owner, rules);
    for (const { port } of conflicts) {
      logger.warn({ owner, port }, 'another instance on this machine has this port of the host');
      if (object) options.onPortTaken?.(object, port);
    }
  }

  /** The ports of others may have become free. */
  function askAgain(): void {
    for (const owner of gate.waiting) {
      const key = owner.slice(owner.indexOf(' ') + 1);
      if (owner.startsWith('service ')) dirtyServices.add(key);
      else
        dirtyPods.set(
          key,
          pods.list().find((pod) => keyOf(pod) === key),
        );
    }
  }

  async function carryOut(transaction: Transaction): Promise<void> {
    if (transaction.script) await runNft(transaction.script, place.run);
    transaction.commit();
    await openLoopback(transaction.loopback, place, options.uplink?.link);
    await endFlows(transaction.endedFlows, place.run);
    await forgetEndpoints(tableName(instance), transaction.reviewMemories, place.run);
  }

  /** Adopts the table that an earlier run left, or makes it. A table of another make is replaced in one transaction. */
  async function carryOutWhole(): Promise<void> {
    const base = baseTable(instance, plan, options.uplink);
    const present = await listTable(tableName(instance), place.run);
    if (present) {
      try {
        await carryOut(state.whole(base, present));
        return;
      } catch (error) {
        logger.info({ err: error }, 'the table of service addresses cannot be adopted; it is replaced');
      }
    }
    const table = `ip ${tableName(instance)}`;
    const whole = state.whole(base, { chains: [], maps: [] });
    await carryOut({ ...whole, script: `add table ${table}\ndelete table ${table}\n${whole.script}` });
  }

  async function run(): Promise<void> {
    await Promise.all([services.synced, endpointSlices.synced, pods.synced]);
    state.set('', options.fixed);
    let sound = false;
    let backoff = 100;
    while (!signal.aborted) {
      wake = Promise.withResolvers();
      await take();
      try {
        if (sound) await carryOut(state.difference());
        else await carryOutWhole();
        sound = true;
        backoff = 100;
        isReady();
      } catch (error) {
        sound = false;
        logger.error({ err: error }, 'service rules were not updated; trying again');
        await delay(backoff, undefined, { signal }).catch(() => {});
        backoff = Math.min(backoff * 2, longestBackoff);
        continue;
      }
      if (dirtyServices.size > 0 || dirtyPods.size > 0) continue;
      busy = false;
      idle.resolve();
      const timer = new AbortController();
      const why = await Promise.race([
        wake.promise.then(() => 'change'),
        delay(presenceInterval, 'check', { signal: AbortSignal.any([signal, timer.signal]) }).catch(() => 'end'),
      ]);
      timer.abort();
      if (why !== 'check') continue;
      askAgain();
      if (!(await listTable(tableName(instance), place.run).catch(() => undefined))) {
        logger.warn('the table of service addresses was removed by another program; it is made again');
        sound = false;
      }
    }
  }
  signal.addEventListener('abort', () => {
    for (const end of unsubscribe) end();
    wake.resolve();
  });
  run().catch((error) => logger.error({ err: error }, 'service rules are no longer updated'));

  return { ready, settled: () => (busy ? idle.promise : Promise.resolve()) };
}

/** Clients that an affinity map sends to an endpoint which is gone are sent to another from now on. */
async function forgetEndpoints(
  table: string,
  memories: ReadonlyMap<string, Memory>,
  runner: Place['run'],
): Promise<void> {
  for (const [name, { endpoints }] of memories) {
    const stale = (await listMemory(table, name, runner)).filter(({ endpoint }) => !endpoints.includes(endpoint));
    if (stale.length === 0) continue;
    const clients = stale.map(({ client }) => client).join(', ');
    await runNft(`delete element ip ${table} ${name} { ${clients} }\n`, runner);
  }
}

function hasHostPort(pod: Pod): boolean {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return containers.some(({ ports }) => ports?.some(({ hostPort }) => hostPort !== undefined));
}
