import { CloseButton, TextInput } from '@mantine/core';
import { useText } from '../i18n/text.ts';
import styles from './search-line.module.css';

export interface SearchLineProps {
  value: string;
  onChange: (value: string) => void;
  label: string;
}

/** The one search line of a page; `/` goes there, Escape empties it and goes back. */
export function SearchLine({ value, onChange, label }: SearchLineProps) {
  const { t } = useText();
  return (
    <TextInput
      className={styles.line}
      size="xs"
      type="search"
      data-search-line
      aria-label={label}
      placeholder={label}
      value={value}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => onChange(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        if (value === '') event.currentTarget.blur();
        else onChange('');
      }}
      rightSection={
        value === '' ? undefined : <CloseButton size="xs" aria-label={t('list.clear')} onClick={() => onChange('')} />
      }
    />
  );
}
