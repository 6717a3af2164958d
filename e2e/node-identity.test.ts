import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { remoteClient } from '@berth/kube/client';
import { resources } from '@berth/kube/objects';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, busyboxArchive, loadImage, startBerth, until } from './harness/index.ts';

const image = 'berth.local/identity:1';

/** On each node a pod with a secret of its own, a token, and a directory of the node. */
const manifest = ['node-1', 'node-2', 'node-3']
  .map(
    (node) => `
apiVersion: v1
kind: Secret
metadata: { name: of-${node} }
stringData: { word: ${node} }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: of-${node} }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Mi } } }
---
apiVersion: v1
kind: Pod
metadata: { name: on-${node} }
spec:
  nodeSelector: { kubernetes.io/hostname: ${node} }
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: ${image}
      command: [sh, -c, 'cp /secret/word /data/word; trap exit TERM; sleep 3600 & wait']
      volumeMounts: [{ name: secret, mountPath: /secret }, { name: data, mountPath: /data }]
  volumes:
    - { name: secret, secret: { secretName: of-${node} } }
    - { name: data, persistentVolumeClaim: { claimName: of-${node} } }
`,
  )
  .join('---');

describe('nodes with a network of their own', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await startBerth({ args: ['--nodes', '3'] });
    await loadImage(berth, () => busyboxArchive(image));
    expect((await berth.tryKubectl(['apply', '-f', '-'], manifest)).stderr).toBe('');
    await berth.kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s');
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  const pki = (node: string, file: string) => join(berth.dataDir, 'nodes', node, 'pki', file);
  const as = (node: string) => [`--as=system:node:${node}`, '--as-group=system:nodes'];

  it('speak with certificates of their own', () => {
    for (const node of ['node-1', 'node-2', 'node-3']) {
      const { subject } = new X509Certificate(readFileSync(pki(node, 'kubelet-client.crt')));
      expect(subject.split('\n').sort()).toEqual([`CN=system:node:${node}`, 'O=system:nodes']);
    }
  });

  it('run pods with secrets, tokens and volumes', async () => {
    for (const node of ['node-1', 'node-2', 'node-3']) {
      await until(`the word of ${node}`, async () => {
        return (await berth.kubectl('exec', `on-${node}`, '--', 'cat', '/data/word')) === node;
      });
    }
    const nodes = await berth.kubectl('get', 'nodes', '--no-headers');
    expect(nodes.match(/control-plane/g)).toHaveLength(3);
  });

  it('read what is theirs with them, and nothing else', async () => {
    const ca = await readFile(join(berth.dataDir, 'pki', 'ca.crt'), 'utf8');
    const [cert, key] = await Promise.all(
      ['crt', 'key'].map((end) => readFile(pki('node-2', `kubelet-client.${end}`), 'utf8')),
    );
    const client = remoteClient({ server: berth.ready.apiUrl, ca, ...(cert && key ? { cert, key } : {}) });
    const read = (name: string) => client.get(resources.secrets, { namespace: 'default', name });
    expect((await read('of-node-2')).metadata.name).toBe('of-node-2');
    await expect(read('of-node-3')).rejects.toMatchObject({ code: 'Forbidden' });
    await expect(client.list(resources.secrets)).rejects.toMatchObject({ code: 'Forbidden' });
    const body = { metadata: { labels: { 'node-restriction.kubernetes.io/x': 'y' } } };
    await expect(client.patch(resources.nodes, { name: 'node-2' }, { type: 'merge', body })).rejects.toMatchObject({
      code: 'Forbidden',
    });
    await client.close();
  });

  it('are answered for by kubectl auth can-i', async () => {
    const may = async (...asked: string[]) => (await berth.tryKubectl(['auth', 'can-i', ...asked])).stdout.trim();
    expect(await may('get', 'secret/of-node-2', ...as('node-2'))).toBe('yes');
    expect(await may('get', 'secret/of-node-2', ...as('node-1'))).toMatch(/^no\b/);
    expect(await may('get', 'secrets', '--all-namespaces', ...as('node-2'))).toMatch(/^no\b/);
    expect(await may('create', 'serviceaccounts/default', '--subresource=token', ...as('node-2'))).toBe('yes');
    expect(await may('delete', 'nodes', ...as('node-2'))).toMatch(/^no\b/);
    expect(await may('get', 'secret/of-node-2', '--as=system:node:node-2')).toMatch(/^no\b/);
  });

  it('are the control plane again when they were deleted', async () => {
    await berth.kubectl('delete', 'node', 'node-3', '--wait=false');
    await until('node-3 to be back', async () => {
      const { stdout } = await berth.tryKubectl(['get', 'node', 'node-3', '--no-headers']);
      return / Ready +control-plane /.test(stdout);
    });
  });

  it('were refused nothing that they asked for', () => {
    const lines = readFileSync(join(berth.dataDir, 'berth.log'), 'utf8').split('\n');
    expect(lines.filter((line) => /is forbidden|Forbidden/.test(line))).toEqual([]);
  });
});
