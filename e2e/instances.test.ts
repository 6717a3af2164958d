import { expect, it } from 'vitest';
import { loadImage, marksOf, startBerth, traces, until, webArchive } from './harness/index.ts';

it('runs two instances side by side, and leaves nothing behind', async () => {
  const marks: string[] = [];
  {
    await using first = await startBerth();
    await using second = await startBerth();
    marks.push(...marksOf(first.dataDir), ...marksOf(second.dataDir));
    expect(traces(marks).length).toBeGreaterThan(20);
    for (const [berth, text] of [
      [first, 'first'],
      [second, 'second'],
    ] as const) {
      await loadImage(berth, () => webArchive('berth.local/web:1', text));
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
