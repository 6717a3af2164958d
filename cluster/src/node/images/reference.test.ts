import { expect, test } from 'vitest';
import { parseReference } from './index.ts';

test.each([
  ['berth.local/shop:1', { registry: 'berth.local', repository: 'shop', tag: '1' }],
  ['localhost/a/b__c/d-e:v1.2_3', { registry: 'localhost', repository: 'a/b__c/d-e', tag: 'v1.2_3' }],
  ['127.0.0.1:5000/a:x', { registry: '127.0.0.1:5000', repository: 'a', tag: 'x' }],
  ['[::1]:5000/a:x', { registry: '[::1]:5000', repository: 'a', tag: 'x' }],
])('%s is a reference', (text, parts) => {
  expect(parseReference(text)).toEqual(parts);
});

test.each([
  ['', /registry host/],
  ['nginx', /registry host/],
  ['nginx:1', /registry host/],
  ['library/nginx:1', /registry host/],
  ['berth.local/shop', /needs a tag/],
  ['berth.local/shop:', /a tag has/],
  ['berth.local/shop:-1', /a tag has/],
  [`berth.local/shop:${'1'.repeat(129)}`, /a tag has/],
  ['berth.local/Shop:1', /lower-case/],
  ['berth.local//shop:1', /lower-case/],
  ['berth.local/a/../b:1', /lower-case/],
  [`berth.local/${'a'.repeat(250)}:1`, /255/],
  ['berth.local/shop@sha256:00', /digest/],
  ['berth_local.x/shop:1', /registry host/],
  ['berth.local/shop:1\n', /a tag has/],
])('%j is none', (text, message) => {
  expect(() => parseReference(text)).toThrow(message);
});
