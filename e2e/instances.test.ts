import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startBerth, until, webArchive } from './harness/index.ts';

/** By what an instance's traces are known: its directory, the six characters in its names, its addresses. */
function identityOf(dataDir: string): string[] {
  const instance = createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 6);
  const range = readFileSync(join(dataDir, 'network', 'range'), 'utf8').trim();
  return [dataDir, `berth-${instance}`, `b${instance}-`, range.replace('.0.0/16', '.')];
}

/** Everything on the machine that carries one of the marks. Other instances may come and go meanwhile. */
function traces(marks: readonly string[]): string[] {
  const commands = [
    'ps -eo args | grep -v defunct',
    'ip -o link',
    'ip -o addr',
    'ip route show table all',
    'ip netns list',
    'nft list ruleset',
    'cat /proc/mounts',
    'find /sys/fs/cgroup -maxdepth 3 -type d',
    'find /run -maxdepth 4',
    'conntrack -L 2>/dev/null',
  ];
  return commands.flatMap((command) => {
    const { stdout } = spawnSync('sh', ['-c', command], { encoding: 'utf8', maxBuffer: 2 ** 26 });
    const found = stdout.split('\n').filter((line) => marks.some((mark) => line.includes(mark)));
    return found.map((line) => `${command}: ${line.trim()}`);
  });
}

it('runs two instances side by side, and leaves nothing behind', async () => {
  const marks: string[] = [];
  {
    await using first = await startBerth();
    await using second = await startBerth();
    marks.push(...identityOf(first.dataDir), ...identityOf(second.dataDir));
    expect(traces(marks).length).toBeGreaterThan(20);
    for (const [berth, text] of [
      [first, 'first'],
      [second, 'second'],
    ] as const) {
      using image = await webArchive('berth.local/web:1', text);
      await berth.berth('image', 'load', image.path);
      await berth.kubectl('create', 'deployment', 'web', '--image=berth.local/web:1', '--port=80');
      await berth.kubectl('expose', 'deployment', 'web', '--type=NodePort');
      await berth.kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
    }
    for (const [berth, text] of [
      [first, 'first\n'],
      [second, 'second\n'],
    ] as const) {
      const port = await berth.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}');
      const answer = await until(`${text.trim()} to answer`, async () =>
        (await fetch(`http://127.0.0.1:${port}/`)).text(),
      );
      expect(answer).toBe(text);
      const pods = await berth.kubectl('get', 'pods', '-A', '-o', 'name');
      expect(pods.trim().split('\n')).toHaveLength(1);
    }
    // One goes; the other does not notice.
    expect((await first.berth('down')).status).toBe(0);
    const port = await second.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}');
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('second\n');
  }
  expect(traces(marks)).toEqual([]);
});
