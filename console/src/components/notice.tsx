import { Skeleton } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import { useText } from '../i18n/text.ts';
import styles from './notice.module.css';

export interface NoticeProps {
  title: string;
  next?: string | undefined;
  /** In the cluster's own words. */
  detail?: string | undefined;
  action?: ReactNode;
  urgent?: boolean;
}

/** What is so, and the next step; for an empty list, or for what went wrong. */
export function Notice({ title, next, detail, action, urgent = false }: NoticeProps) {
  return (
    <div className={styles.notice} role={urgent ? 'alert' : 'status'}>
      <p className={styles.title}>{title}</p>
      {next !== undefined && <p className={styles.next}>{next}</p>}
      {detail !== undefined && detail !== '' && <p className={styles.detail}>{detail}</p>}
      {action !== undefined && <div className={styles.action}>{action}</div>}
    </div>
  );
}

const patience = 150;

/** Grey rows in the shape of what comes, and only if it takes long enough to notice. */
export function Loading({ rows = 8 }: { rows?: number }) {
  const { t } = useText();
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setVisible(true), patience);
    return () => clearTimeout(timer);
  }, []);
  if (!visible) return null;
  return (
    <div role="status" aria-label={t('list.loading')}>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are alike and never move
        <Skeleton key={row} height={12} my={12} mx={16} width={`${88 - ((row * 17) % 40)}%`} />
      ))}
    </div>
  );
}
