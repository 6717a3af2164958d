import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { startBerth, until, webArchive } from './harness/index.ts';

/** Everything on the machine that an instance could leave behind. */
function machine() {
  const lines = (command: string) =>
    spawnSync('sh', ['-c', command], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean).sort();
  const cgroups = readdirSync('/sys/fs/cgroup', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => lines(`find /sys/fs/cgroup/${entry.name} -maxdepth 2 -type d -name '*berth*'`));
  return {
    processes: lines("ps -eo args | grep -E 'containerd|berth' | grep -vE 'grep|vitest|e2e/run|launch.mjs|npm |sh -c'"),
    links: lines("ip -o link | awk -F': ' '{print $2}'"),
    addresses: lines("ip -o addr | awk '{print $2, $4}'"),
    routes: lines('ip route'),
    namespaces: lines('ip netns list'),
    rules: lines('nft list ruleset'),
    mounts: lines("awk '{print $2}' /proc/mounts | grep -i berth"),
    cgroups,
    runFiles: existsSync('/run') ? readdirSync('/run').filter((name) => name.startsWith('berth')) : [],
  };
}

it('runs two instances side by side, and leaves nothing behind', async () => {
  const before = machine();
  {
    await using first = await startBerth();
    await using second = await startBerth();
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
  expect(machine()).toEqual(before);
});
