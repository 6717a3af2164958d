import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { shopImage } from './image.ts';

test('the files of the image are all that the program needs, and no test is among them', async () => {
  const { files, config, reference } = shopImage();
  expect(reference).toBe('berth.local/shop:1');
  expect(files.filter(({ path }) => /test|fixture|node_modules/.test(path))).toEqual([]);
  const root = await mkdtemp(join(tmpdir(), 'shop-image-'));
  try {
    for (const { path, source } of files) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await cp(source, join(root, path));
    }
    const [, ...args] = config.entrypoint.map((arg) => arg.replace('/app/', `${root}/app/`));
    // An unknown service is refused only after every module was loaded.
    const run = promisify(execFile)(process.execPath, [...args, 'no-such-service'], { env: {} });
    await expect(run).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('say which service') });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
