import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { en } from './en.ts';
import type { Texts } from './keys.ts';
import { preferredLanguage } from './text.ts';
import { zhTW } from './zh-TW.ts';

const sources = join(import.meta.dirname, '..');
const base = (key: string) => key.replace(/_(one|other)$/, '');
const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((found) => found[1]).sort();

describe.each<[string, Texts, Intl.LDMLPluralRule[]]>([
  ['en', en, ['one', 'other']],
  ['zh-TW', zhTW, ['other']],
])('the texts in %s', (_language, texts, plurals) => {
  it('are all there, with every plural form that the language has, and none is empty', () => {
    const wanted = Object.keys(en).flatMap((key) => {
      if (!/_(one|other)$/.test(key)) return [key];
      return plurals.map((plural) => `${base(key)}_${plural}`);
    });
    expect(Object.keys(texts).sort()).toEqual([...new Set(wanted)].sort());
    expect(Object.entries(texts).filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  it('take the same values as the English ones', () => {
    const all: Record<string, string> = en;
    for (const [key, text] of Object.entries(texts)) {
      const english = all[key] ?? all[`${base(key)}_other`] ?? '';
      expect([key, placeholders(text)]).toEqual([key, placeholders(english)]);
    }
  });
});

it('has no text that nobody shows', () => {
  const code = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('i18n/') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(sources, name), 'utf8'))
    .join('\n');
  const unused = Object.keys(en).filter(
    (key) => ![`'${base(key)}'`, `"${base(key)}"`].some((use) => code.includes(use)),
  );
  expect(unused).toEqual([]);
});

it('chooses the language by the reader’s choice, then by the browser’s', () => {
  expect(preferredLanguage('en', ['zh-TW'])).toBe('en');
  expect(preferredLanguage(null, ['fr', 'zh-Hant-HK', 'en'])).toBe('zh-TW');
  expect(preferredLanguage('xx', ['fr'])).toBe('en');
});
