import { expect, it } from 'vitest';
import { formatDuration } from './duration.ts';
import { formatBytes, formatCores, parseQuantity } from './quantity.ts';

it.each([
  [0, '0s', '0秒'],
  [-5, '0s', '0秒'],
  [42, '42s', '42秒'],
  [60, '1m', '1分'],
  [185, '3m 5s', '3分 5秒'],
  [720, '12m', '12分'],
  [11_520, '3h 12m', '3時 12分'],
  [90_000, '1d 1h', '1天 1時'],
  [20 * 86_400 + 7200, '20d', '20天'],
])('says %d seconds', (seconds, en, zh) => {
  expect(formatDuration(seconds, 'en')).toBe(en);
  expect(formatDuration(seconds, 'zh-TW')).toBe(zh);
});

it('reads and writes quantities', () => {
  expect(parseQuantity('250m')).toBe(0.25);
  expect(parseQuantity('1e3')).toBe(1000);
  expect(parseQuantity('lots')).toBeUndefined();
  expect(formatBytes('32916252Ki', 'en')).toBe('31.4 GiB');
  expect(formatBytes('128Mi', 'en')).toBe('128 MiB');
  expect(formatBytes('500', 'en')).toBe('500 B');
  expect(formatBytes(undefined, 'en')).toBe('');
  expect(formatCores('7800m', 'en')).toBe('7.8');
});
