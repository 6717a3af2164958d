import { ActionIcon, Menu, useMantineColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { readInfo } from '../../api/session.ts';
import { AccountIcon, LanguageIcon, Mark, ThemeIcon } from '../../components/icons.tsx';
import { Link } from '../../components/link.tsx';
import { changeLanguage, type Language, languages, useText } from '../../i18n/text.ts';
import { NamespaceChoice } from './namespace-choice.tsx';
import styles from './shell.module.css';

export interface HeaderProps {
  menu: ReactNode;
  onSignOut: () => void;
  onKeys: () => void;
}

const themes = { light: 'header.theme.light', dark: 'header.theme.dark', auto: 'header.theme.auto' } as const;

export function Header({ menu, onSignOut, onKeys }: HeaderProps) {
  const { t, language } = useText();
  const { data } = useQuery({ queryKey: ['info'], queryFn: readInfo });
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <header className={styles.header}>
      {menu}
      <Link to="/" className={styles.brand}>
        <Mark />
        {t('app.name')}
      </Link>
      <span className={styles.divider} />
      <span className={styles.cluster} title={data?.cluster.version}>
        <span className={styles.label}>{t('header.cluster')}</span>
        <span>{data?.cluster.name}</span>
      </span>
      <span className={styles.divider} />
      <NamespaceChoice />
      <span className={styles.spacer} />
      <HeaderMenu label={t('header.theme')} icon={<ThemeIcon />}>
        {Object.entries(themes).map(([scheme, label]) => (
          <Menu.Item
            key={scheme}
            role="menuitemradio"
            aria-checked={colorScheme === scheme}
            fw={colorScheme === scheme ? 600 : 400}
            onClick={() => setColorScheme(scheme as keyof typeof themes)}
          >
            {t(label)}
          </Menu.Item>
        ))}
      </HeaderMenu>
      <HeaderMenu label={t('header.language')} icon={<LanguageIcon />}>
        {Object.entries(languages).map(([tag, name]) => (
          <Menu.Item
            key={tag}
            role="menuitemradio"
            aria-checked={language === tag}
            lang={tag}
            fw={language === tag ? 600 : 400}
            onClick={() => void changeLanguage(tag as Language)}
          >
            {name}
          </Menu.Item>
        ))}
      </HeaderMenu>
      <HeaderMenu label={t('header.account')} icon={<AccountIcon />}>
        {data !== undefined && <Menu.Label>{t('header.signedInAs', { name: data.user.name })}</Menu.Label>}
        <Menu.Item onClick={onKeys}>{t('header.keys')}</Menu.Item>
        <Menu.Item onClick={onSignOut}>{t('header.signOut')}</Menu.Item>
      </HeaderMenu>
    </header>
  );
}

function HeaderMenu({ label, icon, children }: { label: string; icon: ReactNode; children: ReactNode }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={label} title={label}>
          {icon}
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>{children}</Menu.Dropdown>
    </Menu>
  );
}
