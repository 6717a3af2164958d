import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeCertificates } from './certificates.ts';
import { kubeconfig } from './kubeconfig.ts';

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'berth-certificates-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

test('each damaged file is named, and made anew when it is removed', async () => {
  const directory = await folder();
  const first = await makeCertificates(directory);
  expect(await makeCertificates(directory)).toEqual(first);
  for (const name of await readdir(directory)) {
    const file = path.join(directory, name);
    await writeFile(file, 'junk');
    await expect(makeCertificates(directory), name).rejects.toThrow(`${file} is not a`);
    await rm(file);
    const renewed = await makeCertificates(directory);
    expect(await makeCertificates(directory)).toEqual(renewed);
  }
});

test('a key of another certificate is refused', async () => {
  const [one, other] = [await folder(), await folder()];
  await makeCertificates(one);
  await makeCertificates(other);
  for (const name of ['ca.key', 'serving.key', 'service-accounts.pub']) {
    const file = path.join(one, name);
    const own = await readFile(file);
    await writeFile(file, await readFile(path.join(other, name)));
    await expect(makeCertificates(one), name).rejects.toThrow(`${file} is not the`);
    await writeFile(file, own);
  }
});

test('a kubeconfig holds the key in the form that names its algorithm, which fabric8 needs', async () => {
  const certificates = await makeCertificates(await folder());
  const [entry] = kubeconfig(certificates, { url: 'https://127.0.0.1:6443' }).users;
  const pem = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString();
  const key = pem(entry?.user['client-key-data']);
  expect(key).toMatch(/^-----BEGIN EC PRIVATE KEY-----\n/);
  const certificate = new X509Certificate(pem(entry?.user['client-certificate-data']));
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
});
