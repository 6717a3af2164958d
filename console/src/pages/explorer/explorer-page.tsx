import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type DiscoveredResource, discover } from '../../api/discovery.ts';
import { ApiError } from '../../api/request.ts';
import { Link } from '../../components/link.tsx';
import { Loading, Notice } from '../../components/notice.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { SearchLine } from '../../components/search-line.tsx';
import { formatCount } from '../../format/duration.ts';
import { useText } from '../../i18n/text.ts';
import { kinds } from '../../kinds/resources.ts';
import styles from './explorer.module.css';

export function useDiscovery() {
  return useQuery({ queryKey: ['discovery'], queryFn: discover, staleTime: 60_000 });
}

/** Every kind that the cluster serves, with a way to its objects. */
export function ExplorerPage() {
  const { t, language } = useText();
  const [search, setSearch] = useState('');
  const { data = [], isPending, error } = useDiscovery();
  const wanted = search.toLowerCase();
  const found = data.filter((one) =>
    [one.kind, one.resource, one.group, ...one.shortNames].some((text) => text.toLowerCase().includes(wanted)),
  );
  return (
    <div className={styles.page}>
      <PageHeader
        title={t('explorer.title')}
        text={t('explorer.title')}
        count={isPending ? undefined : formatCount(found.length, language)}
      >
        <SearchLine value={search} onChange={setSearch} label={t('explorer.search')} />
      </PageHeader>
      {isPending && <Loading />}
      {error !== null && (
        <Notice
          urgent
          title={t('error.unreachable')}
          next={t('error.unreachable.next')}
          detail={error instanceof ApiError ? error.message : undefined}
        />
      )}
      {!isPending && error === null && <KindTable resources={found} />}
    </div>
  );
}

function KindTable({ resources }: { resources: readonly DiscoveredResource[] }) {
  const { t } = useText();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section className={styles.scroller} tabIndex={0} aria-label={t('explorer.title')}>
      <p className={styles.hint}>{t('explorer.hint')}</p>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t('column.kind')}</th>
            <th scope="col">{t('column.group')}</th>
            <th scope="col" className={styles.minor}>
              {t('column.version')}
            </th>
            <th scope="col" className={styles.minor}>
              {t('column.scope')}
            </th>
            <th scope="col" className={styles.minor}>
              {t('column.shortNames')}
            </th>
          </tr>
        </thead>
        <tbody>
          {resources.map((one) => (
            <tr key={`${one.group}/${one.resource}`}>
              <td>
                <Link to={pathOfKind(one)}>{one.kind}</Link>
              </td>
              <td className="mono">{one.group || 'core'}</td>
              <td className={`mono ${styles.minor}`}>{one.version}</td>
              <td className={styles.minor}>{one.namespaced ? t('scope.namespaced') : t('scope.cluster')}</td>
              <td className={`mono ${styles.minor}`}>{one.shortNames.join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The kind's own place where it has one. */
function pathOfKind(one: DiscoveredResource): string {
  const own = Object.values(kinds).find((kind) => kind.resource === one.resource && kind.group === one.group);
  return own === undefined ? `/explorer/${one.group || 'core'}/${one.version}/${one.resource}` : `/${own.resource}`;
}
