import { ActionIcon } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import { useLocation } from 'react-router';
import { MenuIcon } from '../../components/icons.tsx';
import { useText } from '../../i18n/text.ts';
import { Connection } from './connection.tsx';
import { Header } from './header.tsx';
import { useKeys } from './keys.ts';
import { KeysDialog } from './keys-dialog.tsx';
import { Navigation } from './places.tsx';
import styles from './shell.module.css';

/** The frame around every page: header, places, and the content. */
export function Shell({ children, onSignOut }: { children: ReactNode; onSignOut: () => void }) {
  const { t } = useText();
  const [menu, setMenu] = useState(false);
  const [help, setHelp] = useState(false);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new place closes the menu
  useEffect(() => setMenu(false), [pathname]);
  useKeys({ onHelp: () => setHelp(true) });
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        {t('app.skip')}
      </a>
      <Header
        onSignOut={onSignOut}
        onKeys={() => setHelp(true)}
        menu={
          <ActionIcon
            className={styles.burger ?? ''}
            variant="subtle"
            color="gray"
            aria-label={t('header.menu')}
            aria-expanded={menu}
            onClick={() => setMenu(!menu)}
          >
            <MenuIcon />
          </ActionIcon>
        }
      />
      <Navigation open={menu} />
      <main id="content" className={styles.main} tabIndex={-1} style={{ outline: 'none' }}>
        <Connection />
        <div className={styles.content}>{children}</div>
      </main>
      <KeysDialog opened={help} onClose={() => setHelp(false)} />
    </div>
  );
}
