import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Secret } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { credentialsOf, keyringOf } from './keyring.ts';
import { openPulls } from './pulls.ts';

interface Step {
  do: 'begin' | 'pulled' | 'failed' | 'asks';
  image: string;
  id: string;
  secrets?: Secret[];
  logins?: string[];
  error?: boolean;
  must?: boolean;
}

const stories: Step[][] = JSON.parse(
  gunzipSync(await readFile(new URL('./golden/stories.json.gz', import.meta.url))).toString(),
);

const directory = async () => {
  const path = await mkdtemp(join(tmpdir(), 'berth-pulls-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
};

test(`in ${stories.length} stories of pulls, pods try the logins that kubelet tries, and ask the registry when it does`, async () => {
  await using place = await directory();
  for (const [index, story] of stories.entries()) {
    let now = 0;
    const options = { file: join(place.path, `${index}.json`), images: async () => [], now: () => ++now };
    const pulls = await openPulls(options);
    for (const [at, step] of story.entries()) {
      const { image, id, secrets = [], logins = [], error = false } = step;
      const told = `story ${index}, step ${at}`;
      const read = () => credentialsOf(keyringOf(secrets), image);
      if (error) {
        expect(read, told).toThrow();
        if (step.do !== 'begin') continue;
      }
      const credentials = error ? [] : read();
      expect(
        credentials.map(({ username, password }) => `${username}/${password}`),
        told,
      ).toEqual(logins);
      if (step.do === 'begin') await pulls.begin(image);
      else if (step.do === 'failed') await pulls.failed(image);
      else if (step.do === 'pulled') await pulls.pulled(image, id, credentials[0]);
      else expect(await pulls.mustProve(image, id, async () => credentials), told).toBe(step.must === true);
    }
  }
});

test('what is known of pulls outlives the agent, also of one that was cut off', async () => {
  await using place = await directory();
  const file = join(place.path, 'pulls.json');
  const image = (id: string, name: string) => ({ id, tags: [name], digests: [], size: 1 });
  const there = [
    image('sha256:1', 'r.example/a:1'),
    image('sha256:2', 'r.example/b:1'),
    image('sha256:3', 'r.example/c:1'),
  ];
  const options = { file, images: async () => there, now: () => 1000 };
  const before = await openPulls(options);
  await before.begin('r.example/a:1');
  await before.pulled('r.example/a:1', 'sha256:1', undefined);
  await before.begin('r.example/b:1');

  const after = await openPulls(options);
  const none = async () => [];
  expect(await after.mustProve('r.example/a:1', 'sha256:1', none)).toBe(false);
  expect(await after.mustProve('r.example/b:1', 'sha256:2', none)).toBe(true);
  // It was always there.
  expect(await after.mustProve('r.example/c:1', 'sha256:3', none)).toBe(false);

  await after.keepOnly(['sha256:1'], 1000);
  expect(await after.mustProve('r.example/b:1', 'sha256:2', none)).toBe(true);
  await after.keepOnly(['sha256:1'], 2000);
  expect(await after.mustProve('r.example/b:1', 'sha256:2', none)).toBe(false);
  expect(await (await openPulls(options)).mustProve('r.example/a:1', 'sha256:1', none)).toBe(false);
});

test.each([
  '',
  '[]',
  '{"pulling":[]}',
  '{"pulling":[1],"pulled":{}}',
  '{"pulling":[],"pulled":{"sha256:1":{"changedAt":1,"access":{"r.example/a":"nobody"}}}}',
  '{"pulling":[],"pulled":{"sha256:1":{"changedAt":1,"access":{"r.example/a":[null]}}}}',
])('what is known of pulls is not forgotten in silence: %j is refused', async (text) => {
  await using place = await directory();
  const file = join(place.path, 'pulls.json');
  await writeFile(file, text);
  const opened = openPulls({ file, images: async () => [], now: () => 1000 });
  await expect(opened).rejects.toThrow(`${file} does not hold what is known of pulls (`);
});

test('a file that is there and cannot be read is refused as well', async () => {
  await using place = await directory();
  const file = join(place.path, 'pulls.json');
  await mkdir(file);
  await expect(openPulls({ file, images: async () => [], now: () => 1000 })).rejects.toThrow(`${file} does not hold`);
});
