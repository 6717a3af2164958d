import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { processesOf, readCgroup } from './cgroup.ts';

let root = '';
afterEach(() => rm(root, { recursive: true, force: true }));

async function files(contents: Record<string, string>): Promise<void> {
  root = await mkdtemp(join(tmpdir(), 'berth-cgroup-'));
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

const wanted = {
  cpuNanoseconds: 5_000_000_000,
  cpuUserNanoseconds: 3_000_000_000,
  cpuSystemNanoseconds: 2_000_000_000,
  periods: 7,
  throttledPeriods: 3,
  throttledNanoseconds: 9_000_000,
  memoryBytes: 4096,
  mostMemoryBytes: 8192,
  workingSetBytes: 3072,
  rssBytes: 2000,
  cacheBytes: 2096,
  mappedFileBytes: 11,
  swapBytes: 5,
  pageFaults: 13,
  majorPageFaults: 2,
  memoryFailures: 6,
  outOfMemoryKills: 1,
  processes: 4,
  io: [{ device: '8:0', readBytes: 100, writtenBytes: 200, reads: 1, writes: 2 }],
};

test('a cgroup of version 2', async () => {
  await files({
    'cgroup.controllers': 'cpu memory',
    'pod/cpu.stat':
      'usage_usec 5000000\nuser_usec 3000000\nsystem_usec 2000000\nnr_periods 7\nnr_throttled 3\nthrottled_usec 9000\n',
    'pod/memory.current': '4096\n',
    'pod/memory.peak': '8192\n',
    'pod/memory.swap.current': '5\n',
    'pod/memory.stat': 'anon 2000\nfile 2096\nfile_mapped 11\ninactive_file 1024\npgfault 13\npgmajfault 2\n',
    'pod/memory.events': 'low 0\nmax 6\noom 1\noom_kill 1\n',
    'pod/pids.current': '4\n',
    'pod/io.stat': '8:0 rbytes=100 wbytes=200 rios=1 wios=2 dbytes=0 dios=0\n',
    'pod/cgroup.procs': '12\n34\n',
  });
  expect(await readCgroup('/pod', root)).toEqual(wanted);
  expect(await processesOf('/pod', root)).toEqual([12, 34]);
  expect(await readCgroup('/absent', root)).toBeUndefined();
});

test('a cgroup of version 1, whose controllers share a hierarchy', async () => {
  await files({
    'cpu,cpuacct/pod/cpuacct.usage': '5000000000\n',
    'cpu,cpuacct/pod/cpuacct.stat': 'user 300\nsystem 200\n',
    'cpu,cpuacct/pod/cpu.stat': 'nr_periods 7\nnr_throttled 3\nthrottled_time 9000000\n',
    'memory/pod/memory.usage_in_bytes': '4096\n',
    'memory/pod/memory.max_usage_in_bytes': '8192\n',
    'memory/pod/memory.failcnt': '6\n',
    'memory/pod/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n',
    'memory/pod/memory.stat':
      'cache 1\ntotal_cache 2096\ntotal_rss 2000\ntotal_mapped_file 11\ntotal_swap 5\ntotal_inactive_file 1024\ntotal_pgfault 13\ntotal_pgmajfault 2\n',
    'memory/pod/cgroup.procs': '12\n',
    'pids/pod/pids.current': '4\n',
    'blkio/pod/blkio.throttle.io_service_bytes_recursive': '8:0 Read 100\n8:0 Write 200\n8:0 Total 300\nTotal 300\n',
    'blkio/pod/blkio.throttle.io_serviced_recursive': '8:0 Read 1\n8:0 Write 2\nTotal 3\n',
  });
  expect(await readCgroup('/pod', root)).toEqual(wanted);
  expect(await processesOf('/pod', root)).toEqual([12]);
  expect(await readCgroup('/absent', root)).toBeUndefined();
});
