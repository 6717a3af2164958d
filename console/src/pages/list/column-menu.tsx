import { ActionIcon, Checkbox, Menu, Tooltip } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { useMemo } from 'react';
import { ColumnsIcon } from '../../components/icons.tsx';
import { useText } from '../../i18n/text.ts';
import type { KindView } from '../../kinds/view.ts';

export interface ColumnChoice {
  hidden: ReadonlySet<string>;
  extra: ReadonlySet<string>;
  toggle: (id: string, optional: boolean) => void;
}

/** Which columns the reader hid or added, kept per list in this browser. */
export function useColumnChoice(path: string): ColumnChoice {
  const [kept, keep] = useLocalStorage<{ hidden: string[]; extra: string[] }>({
    key: `berth.columns${path}`,
    defaultValue: { hidden: [], extra: [] },
  });
  return useMemo(() => {
    const flip = (ids: string[], id: string) => (ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id]);
    return {
      hidden: new Set(kept.hidden),
      extra: new Set(kept.extra),
      toggle: (id, optional) =>
        keep(optional ? { ...kept, extra: flip(kept.extra, id) } : { ...kept, hidden: flip(kept.hidden, id) }),
    };
  }, [kept, keep]);
}

export function ColumnMenu({ view, choice }: { view: KindView; choice: ColumnChoice }) {
  const { t } = useText();
  const [compact, setCompact] = useLocalStorage({ key: 'berth.compact', defaultValue: false });
  return (
    <Menu closeOnItemClick={false} position="bottom-end">
      <Menu.Target>
        <Tooltip label={t('list.columns')}>
          <ActionIcon variant="default" size={30} aria-label={t('list.columns')}>
            <ColumnsIcon />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {view.columns
          .filter((column) => column.id !== 'name')
          .map((column) => {
            const optional = column.optional === true;
            const on = optional ? choice.extra.has(column.id) : !choice.hidden.has(column.id);
            return (
              <Menu.Item
                key={column.id}
                role="menuitemcheckbox"
                aria-checked={on}
                leftSection={<Checkbox.Indicator size="xs" checked={on} />}
                onClick={() => choice.toggle(column.id, optional)}
              >
                {t(column.label)}
              </Menu.Item>
            );
          })}
        <Menu.Divider />
        <Menu.Item
          role="menuitemcheckbox"
          aria-checked={compact}
          leftSection={<Checkbox.Indicator size="xs" checked={compact} />}
          onClick={() => setCompact(!compact)}
        >
          {t('list.compact')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
