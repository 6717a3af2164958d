import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the kernel counts of a cgroup and all below it. Bytes, nanoseconds and numbers, since its beginning where they grow. */
export interface CgroupUse {
  cpuNanoseconds: number;
  cpuUserNanoseconds: number;
  cpuSystemNanoseconds: number;
  /** Of the processor quota; 0 without one. */
  periods: number;
  throttledPeriods: number;
  throttledNanoseconds: number;
  memoryBytes: number;
  mostMemoryBytes: number;
  /** Memory that cannot be taken back without harm: all but file pages that nobody used lately. */
  workingSetBytes: number;
  rssBytes: number;
  cacheBytes: number;
  mappedFileBytes: number;
  swapBytes: number;
  pageFaults: number;
  majorPageFaults: number;
  /** How often its memory's limit was met. */
  memoryFailures: number;
  outOfMemoryKills: number;
  processes: number;
  io: { device: string; readBytes: number; writtenBytes: number; reads: number; writes: number }[];
}

/** Of /proc/stat's and cpuacct.stat's hundredths of a second on every architecture that Node runs on (proc_stat(5)). */
const nanosecondsPerTick = 10_000_000;

/** What a cgroup uses, of either version; undefined when it is not there. `path` as in /proc/PID/cgroup. */
export async function readCgroup(path: string, root = '/sys/fs/cgroup'): Promise<CgroupUse | undefined> {
  const hierarchies = await readdir(root).catch((): string[] => []);
  if (hierarchies.includes('cgroup.controllers')) return await readUnified(join(root, path));
  const directory = (controller: string) => {
    const mounted = hierarchies.find((name) => name.split(',').includes(controller));
    return join(root, mounted ?? controller, path);
  };
  return await readVersion1((controller, file) => contentOf(join(directory(controller), file)));
}

/** The processes of a cgroup itself; none when it is not there. */
export async function processesOf(path: string, root = '/sys/fs/cgroup'): Promise<number[]> {
  const unified = await contentOf(join(root, path, 'cgroup.procs'));
  const text = unified || (await contentOf(join(root, 'memory', path, 'cgroup.procs')));
  return text.split('\n').filter(Boolean).map(Number);
}

async function readUnified(directory: string): Promise<CgroupUse | undefined> {
  const files = ['cpu.stat', 'memory.current', 'memory.peak', 'memory.stat', 'memory.swap.current'];
  const more = ['memory.events', 'pids.current', 'io.stat'];
  const texts = await Promise.all([...files, ...more].map((file) => contentOf(join(directory, file))));
  const [cpuText = '', current = '', peak = '', memoryText = '', swap = '', eventText = '', pids = '', io = ''] = texts;
  if (cpuText === '') return undefined;
  const [cpu, memory, events] = [cpuText, memoryText, eventText].map(table) as [Table, Table, Table];
  const used = Number(current);
  return {
    cpuNanoseconds: cpu('usage_usec') * 1000,
    cpuUserNanoseconds: cpu('user_usec') * 1000,
    cpuSystemNanoseconds: cpu('system_usec') * 1000,
    periods: cpu('nr_periods'),
    throttledPeriods: cpu('nr_throttled'),
    throttledNanoseconds: cpu('throttled_usec') * 1000,
    memoryBytes: used,
    mostMemoryBytes: Number(peak),
    workingSetBytes: Math.max(0, used - memory('inactive_file')),
    rssBytes: memory('anon'),
    cacheBytes: memory('file'),
    mappedFileBytes: memory('file_mapped'),
    swapBytes: Number(swap),
    pageFaults: memory('pgfault'),
    majorPageFaults: memory('pgmajfault'),
    memoryFailures: events('max'),
    outOfMemoryKills: events('oom_kill'),
    processes: Number(pids),
    io: io
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [device = '', ...pairs] = line.split(' ');
        const value = (key: string) =>
          Number(pairs.find((pair) => pair.startsWith(`${key}=`))?.slice(key.length + 1) ?? 0);
        const [reads, writes] = [value('rios'), value('wios')];
        return { device, readBytes: value('rbytes'), writtenBytes: value('wbytes'), reads, writes };
      }),
  };
}

async function readVersion1(
  read: (controller: string, file: string) => Promise<string>,
): Promise<CgroupUse | undefined> {
  const texts = await Promise.all([
    read('cpuacct', 'cpuacct.usage'),
    read('cpuacct', 'cpuacct.stat'),
    read('cpu', 'cpu.stat'),
    read('memory', 'memory.usage_in_bytes'),
    read('memory', 'memory.max_usage_in_bytes'),
    read('memory', 'memory.stat'),
    read('memory', 'memory.failcnt'),
    read('memory', 'memory.oom_control'),
    read('pids', 'pids.current'),
    read('blkio', 'blkio.throttle.io_service_bytes_recursive'),
    read('blkio', 'blkio.throttle.io_serviced_recursive'),
  ]);
  const [usage = '', accountText = '', cpuText = '', current = '', peak = '', memoryText = ''] = texts;
  const [failures = '', oomText = '', pids = '', bytesText = '', countText = ''] = texts.slice(6);
  if (usage === '') return undefined;
  const [account, cpu, memory, oom] = [accountText, cpuText, memoryText, oomText].map(table) as [
    Table,
    Table,
    Table,
    Table,
  ];
  const used = Number(current);
  return {
    cpuNanoseconds: Number(usage),
    cpuUserNanoseconds: account('user') * nanosecondsPerTick,
    cpuSystemNanoseconds: account('system') * nanosecondsPerTick,
    periods: cpu('nr_periods'),
    throttledPeriods: cpu('nr_throttled'),
    throttledNanoseconds: cpu('throttled_time'),
    memoryBytes: used,
    mostMemoryBytes: Number(peak),
    workingSetBytes: Math.max(0, used - memory('total_inactive_file')),
    rssBytes: memory('total_rss'),
    cacheBytes: memory('total_cache'),
    mappedFileBytes: memory('total_mapped_file'),
    swapBytes: memory('total_swap'),
    pageFaults: memory('total_pgfault'),
    majorPageFaults: memory('total_pgmajfault'),
    memoryFailures: Number(failures),
    outOfMemoryKills: oom('oom_kill'),
    processes: Number(pids),
    io: operations(bytesText, countText),
  };
}

/** Lines such as `8:0 Read 4096` of bytes and of numbers, as one entry a device. */
function operations(bytesText: string, countText: string): CgroupUse['io'] {
  const parsed = (text: string) =>
    new Map(text.split('\n').map((line) => [line.replace(/ \d+$/, ''), Number(/\d+$/.exec(line)?.[0])]));
  const [bytes, counts] = [parsed(bytesText), parsed(countText)];
  const devices = new Set([...bytes.keys()].filter((key) => key.endsWith(' Read')).map((key) => key.slice(0, -5)));
  return [...devices].map((device) => ({
    device,
    readBytes: bytes.get(`${device} Read`) ?? 0,
    writtenBytes: bytes.get(`${device} Write`) ?? 0,
    reads: counts.get(`${device} Read`) ?? 0,
    writes: counts.get(`${device} Write`) ?? 0,
  }));
}

type Table = (key: string) => number;

/** Lines of a name and a number; 0 for names that are not there. */
function table(text: string): Table {
  const entries = new Map(text.split('\n').map((line) => line.split(' ') as [string, string]));
  return (key) => Number(entries.get(key) ?? 0);
}

const contentOf = (file: string): Promise<string> =>
  readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
