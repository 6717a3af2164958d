import { spawn, spawnSync } from 'node:child_process';
import { clientBinary } from '@berth/berth/clients';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Berth,
  freePort,
  instanceOf,
  isReady,
  type Listed,
  marksOf,
  observe,
  processesOf,
  startLosable,
  toleration,
  traces,
  until,
  webImage,
} from './harness/index.ts';

/** Nodes with a network of their own each, one of which is cut and joined again. */
describe('networks of nodes', () => {
  let berth: Berth;

  beforeAll(async () => {
    berth = await startLosable();
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  const { list, pods, node, condition, uids, spread } = observe(() => berth);
  const setLink = (state: 'up' | 'down') => {
    const link = `b${instanceOf(berth.dataDir)}-n2`;
    expect(spawnSync('ip', ['link', 'set', 'dev', link, state], { encoding: 'utf8' }).stderr).toBe('');
  };
  /** What the web server at an address says to a program in the pod. */
  const ask = async (pod: Listed, address: string, port = 80) => {
    const request = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 ${address} ${port} | tail -1`;
    return berth.kubectl('exec', pod.metadata.name, '--', 'sh', '-c', request);
  };

  it('have an address each; their pods reach each other, and services lead to all', async () => {
    const nodes = await list('nodes');
    const addresses = nodes.map(({ status }) => status.addresses?.find(({ type }) => type === 'InternalIP')?.address);
    expect(new Set(addresses).size).toBe(3);
    const web = await pods('web');
    expect(new Set(web.map(({ spec }) => spec.nodeName))).toEqual(new Set(['node-1', 'node-2', 'node-3']));
    const service = (what: string) => berth.kubectl('get', 'service', 'web', '-o', `jsonpath={.spec.${what}}`);
    const [clusterIp, nodePort] = [await service('clusterIP'), Number(await service('ports[0].nodePort'))];
    for (const pod of web) {
      for (const { status } of web) expect(await ask(pod, status.podIP ?? '')).toBe('1\n');
      expect(await ask(pod, clusterIp)).toBe('1\n');
      for (const address of addresses) expect(await ask(pod, address ?? '', nodePort)).toBe('1\n');
    }
    for (const host of ['127.0.0.1', ...addresses]) {
      expect(await (await fetch(`http://${host}:${nodePort}/`)).text()).toBe('1\n');
    }
  });

  it('are where the API server reaches pods: logs, exec, ports and proxies', async () => {
    await berth.kubectl('run', 'speaker', `--image=${webImage}`, '--overrides', pinned, '--', 'echo', 'from afar');
    await until('its words', async () => (await berth.kubectl('logs', 'speaker')) === 'from afar\n');
    for (const pod of await pods('web')) {
      const { name } = pod.metadata;
      expect(await berth.kubectl('exec', name, '--', 'hostname')).toBe(`${name}\n`);
      expect(await berth.kubectl('get', '--raw', `/api/v1/namespaces/default/pods/${name}:80/proxy/`)).toBe('1\n');
      const port = await freePort();
      const env = { ...process.env, KUBECONFIG: berth.kubeconfig };
      const forwarding = spawn(clientBinary('kubectl'), ['port-forward', `pod/${name}`, `${port}:80`], { env });
      const answer = await until('the port', async () => (await fetch(`http://127.0.0.1:${port}/`)).text());
      forwarding.kill();
      expect(answer).toBe('1\n');
    }
    expect(await berth.kubectl('get', '--raw', '/api/v1/namespaces/default/services/web:80/proxy/')).toBe('1\n');
    await berth.kubectl('delete', 'pod', 'speaker', '--now');
  });

  it('are adopted as they are when Berth was killed', async () => {
    const restarts = async () =>
      (await list('pods')).map(({ metadata, status }) => [metadata.uid, status.containerStatuses?.[0]?.restartCount]);
    const [before, processes] = [await restarts(), processesOf(uids(await list('pods')))];
    berth.process.kill('SIGKILL');
    await berth.restart();
    await berth.kubectl('wait', '--for=condition=Ready', 'node', '--all', '--timeout=60s');
    expect(await restarts()).toEqual(before);
    expect(processesOf(uids(await list('pods')))).toBe(processes);
    await until('every pod to be ready', async () => (await list('pods')).every(isReady));
  });

  it('can be cut: pods move after what they tolerate and not before, and what is cut off goes on', async () => {
    const there = (await list('pods')).filter(({ spec }) => spec.nodeName === 'node-2');
    const [database] = await pods('db');
    const [webThere] = there.filter(({ metadata }) => metadata.name.startsWith('web-'));
    const running = processesOf(uids(there));
    expect(running).toBeGreaterThan(2);

    setLink('down');
    await until('the node to be Unknown', async () => condition(await node('node-2'), 'Ready')?.status === 'Unknown');
    await until('others to take over', async () => {
      const { count, nodes } = await spread();
      return count === 3 && !nodes.has('node-2');
    });
    const taint = (await node('node-2')).spec.taints?.find(({ effect }) => effect === 'NoExecute');
    expect(taint?.key).toBe('node.kubernetes.io/unreachable');
    const gone = (await pods('web')).filter((pod) => pod.metadata.deletionTimestamp !== undefined);
    expect(uids(gone)).toEqual([webThere?.metadata.uid]);
    for (const { metadata } of gone) {
      const deletedAt =
        Date.parse(metadata.deletionTimestamp ?? '') / 1000 - (metadata.deletionGracePeriodSeconds ?? 0);
      // Both are written in whole seconds.
      expect(deletedAt - Date.parse(taint?.timeAdded ?? '') / 1000).toBeGreaterThanOrEqual(toleration - 1);
    }
    await until('the database to be told to go', async () => {
      const [pod] = await pods('db');
      return pod?.metadata.deletionTimestamp !== undefined;
    });
    // Nobody can tell whether it has ended, and it has not: another one must not start.
    expect(uids(await pods('db'))).toEqual([database?.metadata.uid]);
    expect(processesOf(uids(there))).toBe(running);
    expect((await berth.tryKubectl(['exec', 'patient', '--', 'true'])).stderr).toMatch(
      /error dialing backend: dial tcp [\d.]+:10250: (i\/o timeout|connect: no route to host)/,
    );
    const service = await berth.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}');
    for (let round = 0; round < 12; round += 1) expect((await fetch(`http://127.0.0.1:${service}/`)).ok).toBe(true);
  });

  it('can be joined again: what was deleted ends, then its identity starts anew, and what was not goes on', async () => {
    const left = (await list('pods')).filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    const databases = new Set(uids(await pods('db')));
    expect(left).toHaveLength(2);
    setLink('up');
    await until('the node to be ready, without taints', async () => {
      const found = await node('node-2');
      return isReady(found) && found.spec.taints === undefined;
    });
    await until('the database to run again', async () => {
      const now = await pods('db');
      for (const uid of uids(now)) databases.add(uid);
      // Looked at one after the other, oldest first: one that has ended does not come back.
      expect([...databases].filter((uid) => processesOf([uid]) > 0).length).toBeLessThan(2);
      return databases.size === 2 && now.every(isReady);
    });
    await until('the old pods to be gone', async () => {
      const now = new Set(uids(await list('pods')));
      return uids(left).every((uid) => !now.has(uid));
    });
    expect(processesOf(uids(left))).toBe(0);
    const [patient] = await list('pods', '-l', 'app=patient');
    expect(patient?.status.containerStatuses?.[0]?.restartCount).toBe(0);
    await until('the patient pod to be ready', async () => (await pods('patient')).every(isReady));
    expect(await berth.kubectl('exec', 'patient', '--', 'hostname')).toBe('patient\n');
    expect((await spread()).count).toBe(3);
  });

  it('are taken down after Berth was killed, with all that was in them', async () => {
    const marks = marksOf(berth.dataDir);
    expect(traces(marks).filter((trace) => trace.startsWith('ip netns list'))).toHaveLength(3);
    berth.process.kill('SIGKILL');
    expect((await berth.berth('down', '--purge')).stderr).toBe('');
    expect(traces(marks)).toEqual([]);
  });
});

const pinned = JSON.stringify({ spec: { nodeName: 'node-3', restartPolicy: 'Never' } });
