import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  chooseInstanceRange,
  instanceOf,
  parseIpv4,
  parseRange,
  planAddresses,
  planNode,
  releaseInstanceRange,
} from './index.ts';
import { type Occupied, parseRoutes } from './occupied.ts';

async function scratch() {
  const root = await mkdtemp(join(tmpdir(), 'berth-addresses-'));
  return {
    root,
    claimsDir: join(root, 'claims'),
    async directory(name: string) {
      await mkdir(join(root, name), { recursive: true });
      return join(root, name);
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

function use(range: string, by = 'route', link = 'eth0'): Occupied {
  const parsed = parseRange(range);
  if (!parsed) throw new Error(range);
  return { range: parsed, by, link };
}
const nobody = async () => [];

describe('address plan', () => {
  test('divides a /16 into pods, services and the host', () => {
    expect(planAddresses('10.42.0.0/16')).toEqual({
      range: '10.42.0.0/16',
      podRange: '10.42.0.0/17',
      serviceRange: '10.42.128.0/17',
      kubernetesAddress: '10.42.128.1',
      dnsAddress: '10.42.128.10',
      hostAddress: '10.42.127.1',
    });
    expect(planNode('10.42.0.0/16', 3)).toEqual({
      podRange: '10.42.3.0/24',
      gateway: '10.42.3.1',
      address: '10.42.127.5',
    });
    expect(planNode('10.42.0.0/16', 126).address).toBe('10.42.127.128');
    expect(() => planNode('10.42.0.0/16', 127)).toThrow('outside');
    expect(() => planAddresses('10.42.0.0/24')).toThrow('10.N.0.0/16');
  });

  test('reads addresses strictly', () => {
    expect(parseIpv4('10.0.0.1')).toBe(0x0a000001);
    for (const wrong of ['10.0.0', '10.0.0.256', '10.0.0.01', '10.0.0.1;', '::1', '1.2.3.4.5']) {
      expect(parseIpv4(wrong)).toBeUndefined();
    }
    expect(parseRange('10.1.2.3/16')).toEqual({ base: 0x0a010000, prefix: 16 });
  });

  test('reads the routing table of the kernel', () => {
    const table =
      'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n' +
      'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n' +
      'eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n';
    expect(parseRoutes(table)).toEqual([
      { range: parseRange('10.0.2.0/24'), link: 'eth0', by: 'route 10.0.2.0/24 on eth0' },
    ]);
  });
});

describe('choice of a range', () => {
  test('is kept for the next start and differs between instances', async () => {
    await using place = await scratch();
    const [one, two] = [await place.directory('one'), await place.directory('two')];
    const options = { claimsDir: place.claimsDir, occupied: nobody };
    const first = await chooseInstanceRange({ dataDir: one, ...options });
    expect(await chooseInstanceRange({ dataDir: one, ...options })).toBe(first);
    expect(await chooseInstanceRange({ dataDir: two, ...options })).not.toBe(first);
    expect(await instanceOf(one)).toMatch(/^[0-9a-f]{6}$/);
    await releaseInstanceRange({ dataDir: one, claimsDir: place.claimsDir });
    expect(await readdir(place.claimsDir)).toHaveLength(1);
    expect(await chooseInstanceRange({ dataDir: one, ...options })).toBe(first);
  });

  test('gives many that start at once a range each', async () => {
    await using place = await scratch();
    // All but 20 ranges are used, so that the starters meet.
    const taken = Array.from({ length: 220 }, (_, index) => use(`10.${index + 10}.4.0/24`));
    const names = await Promise.all(Array.from({ length: 20 }, (_, index) => place.directory(`d${index}`)));
    const ranges = await Promise.all(
      names.map((dataDir) => chooseInstanceRange({ dataDir, claimsDir: place.claimsDir, occupied: async () => taken })),
    );
    expect(new Set(ranges).size).toBe(20);
    const late = await place.directory('late');
    await expect(
      chooseInstanceRange({ dataDir: late, claimsDir: place.claimsDir, occupied: async () => taken }),
    ).rejects.toMatchObject({ code: 'Conflict' });
  });

  test('avoids wider routes if it can and overrules them if not', async () => {
    await using place = await scratch();
    const dataDir = await place.directory('one');
    const half = [use('10.0.0.0/9', 'route 10.0.0.0/9')];
    const options = { claimsDir: place.claimsDir };
    const upper = await chooseInstanceRange({ dataDir, ...options, occupied: async () => half });
    expect(Number(upper.split('.')[1])).toBeGreaterThanOrEqual(128);
    const all = [use('10.0.0.0/8', 'route 10.0.0.0/8')];
    const other = await place.directory('two');
    expect(await chooseInstanceRange({ dataDir: other, ...options, occupied: async () => all })).toMatch(/^10\./);
  });

  test('refuses when another network took the range, not when its own links are up', async () => {
    await using place = await scratch();
    const dataDir = await place.directory('one');
    const options = { dataDir, claimsDir: place.claimsDir };
    const range = await chooseInstanceRange({ ...options, occupied: nobody });
    const inside = range.replace('.0.0/16', '.0.5/32');
    const own = [use(inside, 'route', `b${await instanceOf(dataDir)}-host`), use(inside, 'route', 'veth12')];
    expect(await chooseInstanceRange({ ...options, occupied: async () => own })).toBe(range);
    await expect(
      chooseInstanceRange({ ...options, occupied: async () => [use(inside, 'address of docker0', 'docker0')] }),
    ).rejects.toThrow('docker0');
  });

  test('takes over the claim of a directory that is gone', async () => {
    await using place = await scratch();
    const dataDir = await place.directory('one');
    await mkdir(place.claimsDir);
    for (let n = 10; n < 250; n += 1) await writeFile(join(place.claimsDir, `10.${n}.0.0`), join(place.root, 'gone'));
    expect(await chooseInstanceRange({ dataDir, claimsDir: place.claimsDir, occupied: nobody })).toMatch(/^10\./);
    expect(await readdir(place.claimsDir)).toHaveLength(240);
  });
});
