import { type ReactNode, useEffect, useRef } from 'react';
import styles from './page-header.module.css';

export interface PageHeaderProps {
  title: ReactNode;
  /** For the browser's own title. */
  text: string;
  kind?: string;
  count?: ReactNode;
  /** Beside the title: what is so. */
  side?: ReactNode;
  children?: ReactNode;
}

/** The title line. A change of page moves the focus here, so that it is never lost and the title is read out. */
export function PageHeader({ title, text, kind, count, side, children }: PageHeaderProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${text} · Berth`;
    heading.current?.focus({ preventScroll: true });
  }, [text]);
  return (
    <header className={styles.header}>
      <h1 ref={heading} className={styles.title} tabIndex={-1} style={{ outline: 'none' }}>
        {kind !== undefined && <span className={styles.kind}>{kind}</span>}
        {title}
        {count !== undefined && <span className={styles.count}>{count}</span>}
      </h1>
      {side}
      <div className={styles.side}>{children}</div>
    </header>
  );
}
