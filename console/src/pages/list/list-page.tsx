import type { KubeObject } from '@berth/kube/objects';
import { Button } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { useDeferredValue, useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import { keyOf } from '../../api/resource.ts';
import { useWatch } from '../../api/watch/use-watch.ts';
import { useNamespace } from '../../components/link.tsx';
import { Loading, Notice } from '../../components/notice.tsx';
import { ObjectTable } from '../../components/object-table/object-table.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { SearchLine } from '../../components/search-line.tsx';
import { WatchError } from '../../components/watch-error.tsx';
import { formatCount } from '../../format/duration.ts';
import { useText } from '../../i18n/text.ts';
import type { KindView } from '../../kinds/view.ts';
import { parseQuery } from '../../list/query.ts';
import { RowSelector, type Sorting } from '../../list/rows.ts';
import { ColumnMenu, useColumnChoice } from './column-menu.tsx';
import { DetailDrawer } from './detail-drawer.tsx';
import styles from './list-page.module.css';

const byName: Sorting = { id: 'name', descending: false };

/** The live list of one kind: true count, one search line, columns to choose, details beside it. */
export function ListPage({ view }: { view: KindView }) {
  const { t, language } = useText();
  const { namespace: chosen, choose } = useNamespace();
  const namespace = view.resource.namespaced ? chosen : undefined;
  const watch = useWatch(view.resource, { namespace });
  const [address, setAddress] = useSearchParams();
  const [sorting, setSorting] = useState<Sorting>(view.sorting ?? byName);
  const [compact] = useLocalStorage({ key: 'berth.compact', defaultValue: false });
  const choice = useColumnChoice(view.path);
  const search = address.get('q') ?? '';
  const query = useMemo(() => parseQuery(search), [search]);
  const deferred = useDeferredValue(query);
  const selector = useMemo(() => new RowSelector<KubeObject>(view.columns), [view]);
  const rows = useMemo(
    () => selector.select(watch.objects, deferred, sorting),
    [selector, watch.objects, deferred, sorting],
  );
  const put = (name: string, value: string | undefined, replace: boolean) => {
    setAddress(
      (present) => {
        const next = new URLSearchParams(present);
        if (value === undefined || value === '') next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace },
    );
  };
  const selected = address.get('sel') ?? undefined;
  const open = selected === undefined ? undefined : watch.objects.find((object) => keyOf(object) === selected);
  const title = typeof view.title === 'string' ? t(view.title) : view.title.text;
  const all = watch.objects.length;
  const counted =
    rows.length === all
      ? formatCount(all, language)
      : t('list.found', { found: formatCount(rows.length, language), all: formatCount(all, language) });
  const spoken = t('list.count', { count: all, formatted: formatCount(all, language) });
  const known = watch.complete || all > 0;
  return (
    <div className={styles.page}>
      <PageHeader title={title} text={title} count={known && <span title={spoken}>{counted}</span>}>
        <SearchLine value={search} label={t('list.search')} onChange={(value) => put('q', value, true)} />
        <ColumnMenu view={view} choice={choice} />
      </PageHeader>
      <div className={styles.split}>
        <section className={styles.list} aria-label={title}>
          {!known && watch.error === undefined && <Loading />}
          {watch.error !== undefined && (watch.phase === 'refused' || !known) && (
            <WatchError error={watch.error} resource={view.resource} namespace={namespace} />
          )}
          {known && !watch.complete && watch.phase === 'loading' && (
            <p className={styles.progress} role="status">
              {t('list.loadingMore')}
            </p>
          )}
          {watch.complete && watch.phase !== 'refused' && all === 0 && (
            <Notice
              title={namespace === undefined ? t('list.empty') : t('list.emptyIn', { namespace })}
              next={t('list.emptyNext')}
              action={
                namespace !== undefined && (
                  <Button size="xs" variant="default" onClick={() => choose(undefined)}>
                    {t('list.showAll')}
                  </Button>
                )
              }
            />
          )}
          {all > 0 && rows.length === 0 && (
            <Notice
              title={t('list.noMatch', { search })}
              action={
                <Button size="xs" variant="default" onClick={() => put('q', undefined, true)}>
                  {t('list.clear')}
                </Button>
              }
            />
          )}
          {rows.length > 0 && (
            <ObjectTable
              label={title}
              columns={view.columns}
              rows={rows}
              sorting={sorting}
              onSort={setSorting}
              touched={watch.touched}
              selected={selected}
              onSelect={(object) => put('sel', keyOf(object) === selected ? undefined : keyOf(object), true)}
              hidden={choice.hidden}
              extra={choice.extra}
              rowHeight={compact ? 28 : 36}
            />
          )}
        </section>
        {open !== undefined && <DetailDrawer view={view} object={open} onClose={() => put('sel', undefined, true)} />}
      </div>
    </div>
  );
}
