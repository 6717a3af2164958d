import { expect, test } from 'vitest';
import { startShop } from '../shop.fixture.ts';
import { Metrics } from './metrics.ts';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A strict reader of the text format: every line must be what the format allows, families must not be mixed. */
function parse(text: string): { samples: Sample[]; types: Map<string, string> } {
  expect(text.endsWith('\n')).toBe(true);
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const [, keyword, family = '', rest = ''] = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      expect(types.has(family)).toBe(false);
      current = family;
    } else if (keyword === 'TYPE') {
      expect(family).toBe(current);
      types.set(family, rest);
    } else {
      const [, name = '', labelText = '', value = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      expect(name.replace(types.get(current) === 'histogram' ? /_(bucket|sum|count)$/ : '', '')).toBe(current);
      const labels = [...labelText.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/g)];
      expect(labels.map(([whole]) => whole).join('')).toBe(labelText);
      const unescaped = (raw: string) => raw.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
      samples.push({
        name,
        labels: Object.fromEntries(labels.map(([, key = '', raw = '']) => [key, unescaped(raw)])),
        value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value),
      });
    }
  }
  return { samples, types };
}

test('labels and help with every special character survive', () => {
  const metrics = new Metrics();
  const nasty = 'a"b\\c\nd\\n{x="y"},é';
  metrics.counter('odd_total', 'Odd \\ things\nhappen.').add({ what: nasty, more: '' }, 2);
  const { samples, types } = parse(metrics.expose());
  expect(samples).toEqual([{ name: 'odd_total', labels: { what: nasty, more: '' }, value: 2 }]);
  expect(types.get('odd_total')).toBe('counter');
  expect(() => metrics.counter('odd_total', 'Again.')).toThrow('two metrics');
});

test('a histogram is cumulative, and an observation on a bound belongs to its bucket', () => {
  const metrics = new Metrics();
  const histogram = metrics.histogram('time_seconds', 'Time.', [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe({ route: '/' }, value);
  const { samples } = parse(metrics.expose());
  expect(samples.map(({ name, labels, value }) => [name, labels.le, value])).toEqual([
    ['time_seconds_bucket', '0.1', 2],
    ['time_seconds_bucket', '1', 3],
    ['time_seconds_bucket', '+Inf', 4],
    ['time_seconds_sum', undefined, 7.65],
    ['time_seconds_count', undefined, 4],
  ]);
});

test('every service counts its requests by route and not by address', async () => {
  await using shop = await startShop();
  for (const path of ['/products/enamel-mug', '/products/logbook', '/products/nothing', '/a/b', '/c']) {
    await (await fetch(`${shop.catalog}${path}`)).text();
  }
  for (const url of [shop.storefront, shop.catalog, shop.orders, shop.payments]) {
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { types, samples } = parse(await response.text());
    expect(types.get('http_request_duration_seconds')).toBe('histogram');
    expect(samples.find(({ name }) => name === 'process_resident_memory_bytes')?.value).toBeGreaterThan(1e6);
  }
  const { samples } = parse(await (await fetch(`${shop.catalog}/metrics`)).text());
  const requests = samples.filter(({ name }) => name === 'http_requests_total');
  expect(
    requests.map(({ labels, value }) => `${labels.method} ${labels.route} ${labels.code} ${value}`).sort(),
  ).toEqual(['GET /products/:id 200 2', 'GET /products/:id 404 1', 'GET none 404 2']);
});
