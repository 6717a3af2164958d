import i18next from 'i18next';
import { useCallback } from 'react';
import { initReactI18next, useTranslation } from 'react-i18next';
import { retry } from '../api/retry.ts';
import { en } from './en.ts';
import type { TextKey, Texts } from './keys.ts';

export type { TextKey };

export const languages = { en: 'English', 'zh-TW': '繁體中文' } as const;
export type Language = keyof typeof languages;

const storageKey = 'berth.language';

const loaders: Record<Language, () => Promise<Texts>> = {
  en: async () => en,
  'zh-TW': async () => (await retry(() => import('./zh-TW.ts'))).zhTW,
};

/** The reader's choice, else the first language of the browser that the console has, else English. */
export function preferredLanguage(stored: string | null, wanted: readonly string[]): Language {
  if (stored !== null && stored in languages) return stored as Language;
  for (const tag of wanted) {
    if (/^zh\b/i.test(tag)) return 'zh-TW';
    if (/^en\b/i.test(tag)) return 'en';
  }
  return 'en';
}

export async function startTexts(): Promise<void> {
  const language = preferredLanguage(localStorage.getItem(storageKey), navigator.languages);
  await i18next.use(initReactI18next).init({
    lng: language,
    resources: { [language]: { translation: await loaders[language]() } },
    fallbackLng: false,
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false },
  });
  document.documentElement.lang = language;
}

export async function changeLanguage(language: Language): Promise<void> {
  i18next.addResourceBundle(language, 'translation', await loaders[language]());
  localStorage.setItem(storageKey, language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export type Translate = (key: TextKey, values?: Record<string, string | number>) => string;

/** The texts of the present language, and its name for dates and numbers. */
export function useText(): { t: Translate; language: Language } {
  const { t, i18n } = useTranslation();
  const translate = useCallback<Translate>((key, values) => String(t(key as never, values as never)), [t]);
  return { t: translate, language: i18n.language as Language };
}
