import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** The six characters in the names of an instance's links, rules and cgroups. */
export function instanceOf(dataDir: string): string {
  return createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 6);
}

/** By what an instance's traces are known: its directory, the six characters in its names, its addresses. */
export function marksOf(dataDir: string): string[] {
  const instance = instanceOf(dataDir);
  const range = readFileSync(join(dataDir, 'network', 'range'), 'utf8').trim();
  return [dataDir, `berth-${instance}`, `b${instance}-`, range.replace('.0.0/16', '.')];
}

/** Everything on the machine that carries one of the marks. Other instances may come and go meanwhile. */
export function traces(marks: readonly string[]): string[] {
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
