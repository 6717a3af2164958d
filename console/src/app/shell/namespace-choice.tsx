import { Select } from '@mantine/core';
import { useWatch } from '../../api/watch/use-watch.ts';
import { useNamespace } from '../../components/link.tsx';
import { useText } from '../../i18n/text.ts';
import { kinds } from '../../kinds/resources.ts';
import styles from './shell.module.css';

/** Which namespace all lists show; one that may not be listed can still be in the address. */
export function NamespaceChoice() {
  const { t } = useText();
  const { namespace, choose } = useNamespace();
  const { objects } = useWatch(kinds.namespaces);
  const names = new Set(objects.map((one) => one.metadata.name));
  if (namespace !== undefined) names.add(namespace);
  const options = [
    { value: '', label: t('header.allNamespaces') },
    ...[...names].sort().map((value) => ({ value, label: value })),
  ];
  return (
    <Select
      className={styles.namespace ?? ''}
      size="xs"
      aria-label={t('header.namespace')}
      data={options}
      value={namespace ?? ''}
      searchable
      allowDeselect={false}
      nothingFoundMessage={t('header.noNamespace')}
      comboboxProps={{ shadow: 'md', transitionProps: { duration: 100 } }}
      onChange={(value) => choose(value === '' || value === null ? undefined : value)}
    />
  );
}
