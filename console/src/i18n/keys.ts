import type { en } from './en.ts';

type Entry = keyof typeof en;
/** The name of a text; the plural forms of one text share a name. */
export type TextKey = Entry extends infer K ? (K extends `${infer Base}_${'one' | 'other'}` ? Base : K) : never;
export type Texts = Partial<Record<Entry, string>>;
