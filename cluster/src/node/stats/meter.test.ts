import { expect, test } from 'vitest';
import { createMeter, type NodeUsage, podUseOf } from './index.ts';

const second = 1_000_000_000;

function usage(at: number, node: number, containers: Record<string, [uid: string, cpu: number]> = {}): NodeUsage {
  return {
    node: { at, cpuNanoseconds: node, workingSetBytes: 100 },
    containers: Object.entries(containers).map(([id, [podUid, cpuNanoseconds]]) => ({
      id,
      namespace: 'default',
      pod: podUid,
      podUid,
      container: id.split('-')[0] ?? '',
      at,
      cpuNanoseconds,
      workingSetBytes: 7,
    })),
  };
}

test('one look says nothing, two say what was used between them', () => {
  const meter = createMeter();
  meter.add(usage(1000, 5 * second, { main: ['a', second] }));
  expect(meter.node()).toBeUndefined();
  expect(podUseOf(meter.pod('a'))).toBeUndefined();
  meter.add(usage(11_000, 10 * second, { main: ['a', 3 * second] }));
  expect(meter.node()).toEqual({ at: 11_000, window: 10_000, cpuNanocores: second / 2, memoryBytes: 100 });
  expect(podUseOf(meter.pod('a'))).toMatchObject({
    at: 11_000,
    window: 10_000,
    containers: [{ name: 'main', cpuNanocores: second / 5, memoryBytes: 7 }],
  });
});

test('a container that was started again counts from nothing, and its pod waits for it', () => {
  const meter = createMeter();
  meter.add(usage(0, 0, { 'main-1': ['a', 50 * second], 'side-1': ['a', 0] }));
  meter.add(usage(1000, 0, { 'main-2': ['a', second], 'side-1': ['a', second] }));
  expect(meter.pod('a')).toBeUndefined();
  meter.add(usage(2000, 0, { 'main-2': ['a', 1.5 * second], 'side-1': ['a', second] }));
  expect(podUseOf(meter.pod('a'))?.containers.map(({ name, cpuNanocores }) => [name, cpuNanocores])).toEqual([
    ['main', second / 2],
    ['side', 0],
  ]);
  meter.add(usage(3000, 0));
  expect(meter.pod('a')).toBeUndefined();
});

test('a clock that was set back, and a counter that began anew, measure nothing', () => {
  const meter = createMeter();
  meter.add(usage(5000, 10 * second));
  meter.add(usage(4000, 11 * second));
  expect(meter.node()).toBeUndefined();
  meter.add(usage(6000, second));
  expect(meter.node()).toBeUndefined();
  meter.add(usage(7000, 2 * second));
  expect(meter.node()?.cpuNanocores).toBe(second);
});
