import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import { expect, it } from 'vitest';
import { freePort, startBerth, until } from './harness/index.ts';

const main = join(dirname(fileURLToPath(import.meta.url)), '..', 'berth', 'src', 'main.ts');

it('serves the console on a cluster that it did not start', async () => {
  await using berth = await startBerth({ args: ['--runtime', 'simulated'] });
  const dataDir = mkdtempSync(join(tmpdir(), 'berth-serve-'));
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [
      main,
      'serve',
      '--kubeconfig',
      berth.kubeconfig,
      '--data-dir',
      dataDir,
      '--console-port',
      String(port),
      '--output',
      'json',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const trusting = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await until('serve to be ready', async () => said.includes('"ready"'));
    const page = await request(`https://127.0.0.1:${port}/`, { dispatcher: trusting });
    expect(page.statusCode).toBe(200);
    expect(await page.body.text()).toContain('<div id="root">');
    const closed = await request(`https://127.0.0.1:${port}/k8s/api/v1/nodes`, {
      dispatcher: trusting,
      headers: { 'x-berth-request': '1' },
    });
    expect(closed.statusCode).toBe(401);
    await closed.body.dump();
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    await trusting.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
