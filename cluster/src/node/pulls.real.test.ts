import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Pod, type PodSpec, resources, type Secret } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { makeCertificates } from '../api/certificates/certificates.ts';
import { type NodeFixture, nodeFixture, temporary } from './fixture.ts';
import { buildImage, busyboxImage } from './images/index.ts';
import { leadTo, startRegistry } from './pulls/registry.ts';

const isReady = (pod: Pod) =>
  pod.status?.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
const waitingOf = (pod: Pod) => pod.status?.containerStatuses?.[0]?.state?.waiting;
const waitsFor = (reason: string) => (pod: Pod) => waitingOf(pod)?.reason === reason;

/** An image that no node has. */
async function privateImage(directory: string): Promise<string> {
  const output = join(directory, 'image.tar');
  const image = await busyboxImage(process.arch === 'arm64' ? 'arm64' : 'amd64');
  await buildImage({ ...image, config: { ...image.config, labels: { private: 'true' } } }, { output });
  return output;
}

async function secretOf(node: NodeFixture, name: string, auths: object, type = 'dockerconfigjson'): Promise<void> {
  const content = type === 'dockercfg' ? auths : { auths };
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'default' },
    type: `kubernetes.io/${type}`,
    data: { [`.${type}`]: Buffer.from(JSON.stringify(content)).toString('base64') },
  };
  await node.client.create(resources.secrets, secret);
}

const login = (username: string, password: string) => ({ username, password });
const spec = (image: string, more: Partial<PodSpec> & { policy?: 'Always' | 'IfNotPresent' | 'Never' } = {}) => {
  const { policy = 'IfNotPresent', ...rest } = more;
  const main = { name: 'main', image, imagePullPolicy: policy, command: ['/bin/sleep', '1000'] };
  return { containers: [main], ...rest };
};
const by = (...names: string[]) => ({ imagePullSecrets: names.map((name) => ({ name })) });

test('a private registry gives its images to pods that hold a secret for it, and nobody else gets them from the node', async () => {
  await using directory = await temporary();
  const archive = await privateImage(directory.path);
  await using registry = await startRegistry({
    archive,
    directory: join(directory.path, 'layout'),
    users: { ann: 'right' },
    authentication: 'basic',
  });
  await using node = await nodeFixture();
  await leadTo(node.containerd.containerd.paths.registries, 'registry.test:5000', registry);
  const image = 'registry.test:5000/team/app:1';
  await secretOf(node, 'wrong', { 'registry.test:5000': login('ann', 'wrong') });
  await secretOf(node, 'elsewhere', {
    'registry.test:5001': login('ann', 'right'),
    'other.test': login('ann', 'right'),
  });
  await secretOf(node, 'right', { 'registry.test:5000/team': login('ann', 'right') });
  await secretOf(node, 'old', { '*.test:5000': { auth: Buffer.from('ann:right').toString('base64') } }, 'dockercfg');
  await node.client.create(resources.serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'puller', namespace: 'default' },
    imagePullSecrets: [{ name: 'right' }],
  });

  await node.run('nobody', spec(image));
  await node.run('stranger', spec(image, by('wrong', 'elsewhere', 'absent')));
  for (const name of ['nobody', 'stranger']) {
    const refused = await node.until(name, waitsFor('ErrImagePull'));
    expect(waitingOf(refused)?.message).toMatch(
      /failed to resolve reference "registry\.test:5000\/team\/app:1".*(401 Unauthorized|authorization failed)/,
    );
    const backingOff = await node.until(name, waitsFor('ImagePullBackOff'));
    expect(waitingOf(backingOff)?.message).toBe(
      `Back-off pulling image "${image}": ErrImagePull: ${waitingOf(refused)?.message}`,
    );
  }
  expect(registry.given).toEqual([]);
  const { items: events } = await node.client.list(resources.events, { namespace: 'default' });
  expect(
    events.filter(({ involvedObject }) => involvedObject.name === 'stranger').map(({ message }) => message),
  ).toContain('Unable to retrieve some image pull secrets (absent); attempting to pull the image may not succeed.');

  // The secrets are tried one after the other.
  await node.run('team', spec(image, by('wrong', 'right')));
  await node.until('team', isReady);
  const pulled = registry.given.length;
  expect(registry.given).toContain('ann HEAD /v2/team/app/manifests/1');

  await node.run('again', spec(image, { serviceAccountName: 'puller' }));
  await node.until('again', isReady);
  expect((await node.pod('again')).spec?.imagePullSecrets).toEqual([{ name: 'right' }]);
  expect(registry.given.length).toBe(pulled);

  await node.run('freeloader', spec(image));
  await node.run('shy', spec(image, { policy: 'Never' }));
  expect(waitingOf(await node.until('freeloader', waitsFor('ErrImagePull')))?.message).toContain(image);
  expect(waitingOf(await node.until('shy', waitsFor('ErrImageNeverPull')))?.message).toBe(
    `Container image "${image}" is not present with pull policy of Never`,
  );
  await node.restartAgent();
  await node.run('later', spec(image));
  await node.until('later', waitsFor('ErrImagePull'));
  expect(registry.given.length).toBe(pulled);
  // The same login is as good in another secret.
  await node.run('older', spec(image, by('old')));
  await node.until('older', isReady);
  expect(registry.given.length).toBe(pulled);
  await node.run('always', spec(image, { ...by('old'), policy: 'Always' }));
  await node.until('always', isReady);
  expect(registry.given.length).toBeGreaterThan(pulled);

  // On the loopback nothing need be said for plain HTTP.
  const address = registry.url.replace('http://', '');
  await secretOf(node, 'local', { [address]: login('ann', 'right') });
  await node.run('near', spec(`${address}/team/app:1`, by('local')));
  await node.until('near', isReady);
});

test('a registry behind a private authority and a token server is pulled from once its authority is known', async () => {
  await using directory = await temporary();
  const archive = await privateImage(directory.path);
  const { authority, serving } = await makeCertificates(join(directory.path, 'pki'), { names: ['127.0.0.1'] });
  await using registry = await startRegistry({
    archive,
    directory: join(directory.path, 'layout'),
    users: { ann: 'right' },
    authentication: 'bearer',
    tls: serving,
  });
  await using node = await nodeFixture();
  const { registries } = node.containerd.containerd.paths;
  await leadTo(registries, 'unknown.test', registry);
  const ca = join(directory.path, 'ca.pem');
  await writeFile(ca, authority.cert);
  await leadTo(registries, 'known.test', { url: registry.url, ca });
  await secretOf(node, 'wrong', { 'known.test': login('ann', 'wrong') });
  await secretOf(node, 'right', { '*.test': login('ann', 'right') });

  await node.run('unsafe', spec('unknown.test/app:1', by('right')));
  expect(waitingOf(await node.until('unsafe', waitsFor('ErrImagePull')))?.message).toMatch(
    /x509: certificate signed by unknown authority/,
  );
  await node.run('stranger', spec('known.test/app:1', by('wrong')));
  expect(waitingOf(await node.until('stranger', waitsFor('ErrImagePull')))?.message).toMatch(
    /401 Unauthorized|authorization failed/,
  );
  await node.run('known', spec('known.test/app:1', by('right')));
  await node.until('known', isReady);
  expect(registry.given).toContain('ann HEAD /v2/app/manifests/1');
});
