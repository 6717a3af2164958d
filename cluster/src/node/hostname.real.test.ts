import { text } from 'node:stream/consumers';
import { resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NodeFixture, nodeFixture } from './fixture.ts';

let node: NodeFixture;
beforeAll(async () => {
  node = await nodeFixture();
});
afterAll(() => node[Symbol.asyncDispose]());

const image = 'berth.local/busybox:1';
const shell = (script: string) => ({ name: 'main', image, command: ['/bin/sh', '-c', script] });

/** What the pod's kernel calls it, and the last line of its hosts file. */
async function namesOf(name: string, spec: Omit<Parameters<NodeFixture['run']>[1], 'containers'>): Promise<string[]> {
  const containers = [shell('cat /proc/sys/kernel/hostname; tail -n 1 /etc/hosts')];
  await node.run(name, { ...spec, restartPolicy: 'Never', containers });
  const pod = await node.until(name, ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed');
  const { signal } = new AbortController();
  const log = await text(await node.agent().access.logs(pod, { container: 'main', signal }));
  return log
    .trim()
    .replaceAll(pod.status?.podIP ?? 'none', 'IP')
    .split('\n');
}

test('a pod is called by its short name, its full name, or what overrides both', async () => {
  const full = 'web.sub.default.svc.cluster.local';
  const named = { hostname: 'web', subdomain: 'sub' };
  expect(await namesOf('plain', {})).toEqual(['plain', 'IP\tplain']);
  expect(await namesOf('short', named)).toEqual(['web', `IP\t${full}\tweb`]);
  expect(await namesOf('full', { ...named, setHostnameAsFQDN: true })).toEqual([full, `IP\t${full}\tweb`]);
  expect(await namesOf('alone', { setHostnameAsFQDN: true })).toEqual(['alone', 'IP\talone']);
  const override = { ...named, hostnameOverride: 'db.example.com' };
  expect(await namesOf('override', override)).toEqual(['db.example.com', 'IP\tdb.example.com']);
});

test("aliases are added to the machine's own hosts file", async () => {
  const hostAliases = [{ ip: '10.1.2.3', hostnames: ['one', 'two'] }];
  const [, last] = await namesOf('host', { hostNetwork: true, hostAliases });
  expect(last).toBe('10.1.2.3\tone\ttwo');
});

test('a pod whose full name is too long for the kernel gets no sandbox', async () => {
  const subdomain = 's'.repeat(40);
  await node.run('long', { subdomain, setHostnameAsFQDN: true, containers: [shell('sleep 1000')] });
  const full = `long.${subdomain}.default.svc.cluster.local`;
  const why = `FQDN ${full} is too long (64 characters is the max, ${full.length} characters requested)`;
  const messages = async () => {
    const { items } = await node.client.list(resources.events, { namespace: 'default' });
    return items.filter(({ involvedObject }) => involvedObject.name === 'long').map(({ message }) => message);
  };
  const failed = 'Failed to create pod sandbox: failed to construct FQDN from pod hostname and cluster domain';
  await expect.poll(messages).toContain(`${failed}, ${why}`);
  expect((await node.pod('long')).status?.phase).toBe('Pending');
});
