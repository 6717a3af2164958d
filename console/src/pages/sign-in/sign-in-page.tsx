import { Button } from '@mantine/core';
import { useEffect } from 'react';
import { CopyButton } from '../../components/copy-button.tsx';
import { Mark } from '../../components/icons.tsx';
import { changeLanguage, type Language, languages, useText } from '../../i18n/text.ts';
import styles from './sign-in-page.module.css';

export type SignInProblem = 'refused' | 'throttled' | 'unreachable';

export interface SignInPageProps {
  problem?: SignInProblem | undefined;
  command?: string | undefined;
  onRetry: () => void;
}

const problems = {
  refused: 'signIn.refused',
  throttled: 'signIn.throttled',
  unreachable: 'signIn.unreachable',
} as const;

/** There is no session: why, and how to get one. */
export function SignInPage({ problem, command, onRetry }: SignInPageProps) {
  const { t, language } = useText();
  useEffect(() => {
    document.title = t('signIn.title');
  }, [t]);
  return (
    <main className={styles.page}>
      <div className={styles.panel}>
        <h1 className={styles.title}>
          <Mark />
          {t('signIn.title')}
        </h1>
        {problem !== undefined && (
          <p className={styles.refused} role="alert">
            {t(problems[problem])}
          </p>
        )}
        {problem === 'unreachable' ? (
          <Button size="xs" onClick={onRetry}>
            {t('signIn.retry')}
          </Button>
        ) : (
          <>
            {problem === undefined && <p>{t('signIn.why')}</p>}
            <p>{t('signIn.how')}</p>
            {command !== undefined && (
              <div className={styles.command}>
                <code>{command}</code>
                <CopyButton text={command} label={t('signIn.copy')} />
              </div>
            )}
            <p className={styles.note}>{t('signIn.lifetime')}</p>
          </>
        )}
        <div className={styles.foot}>
          {Object.entries(languages).map(([tag, name]) => (
            <button
              key={tag}
              type="button"
              lang={tag}
              aria-pressed={language === tag}
              onClick={() => void changeLanguage(tag as Language)}
            >
              {name}
            </button>
          ))}
        </div>
      </div>
    </main>
  );
}
