import { expect, it } from 'vitest';
import { LogBuffer } from './buffer.ts';

it('parts the node’s time from the text, and keeps what has none', () => {
  const buffer = new LogBuffer();
  buffer.push(['2026-11-22T20:00:00.123456789Z hello  world', '2026-11-22T20:00:01+08:00 ', 'no time']);
  expect(buffer.snapshot().lines).toEqual([
    { id: 0, time: '2026-11-22T20:00:00.123456789Z', text: 'hello  world' },
    { id: 1, time: '2026-11-22T20:00:01+08:00', text: '' },
    { id: 2, text: 'no time' },
  ]);
  expect(buffer.text()).toBe('2026-11-22T20:00:00.123456789Z hello  world\n2026-11-22T20:00:01+08:00 \nno time\n');
});

it('stands still while paused, counts what comes, and shows it afterwards', () => {
  const buffer = new LogBuffer();
  buffer.push(['one']);
  buffer.pause();
  buffer.push(['two', 'three']);
  expect(buffer.snapshot().lines.map((line) => line.text)).toEqual(['one']);
  expect(buffer.snapshot().waiting).toBe(2);
  buffer.resume();
  expect(buffer.snapshot().lines.map((line) => line.text)).toEqual(['one', 'two', 'three']);
  expect(buffer.snapshot().waiting).toBe(0);
});

it('keeps the last lines and says how many it let go', () => {
  const buffer = new LogBuffer(100);
  for (let at = 0; at < 1000; at++) buffer.push([`line ${at}`]);
  const { lines, dropped } = buffer.snapshot();
  expect(lines.at(-1)?.text).toBe('line 999');
  expect(lines.length).toBeLessThanOrEqual(110);
  expect(lines.length + dropped).toBe(1000);
});

it('answers the same snapshot until something changes', () => {
  const buffer = new LogBuffer();
  expect(buffer.snapshot()).toBe(buffer.snapshot());
});
