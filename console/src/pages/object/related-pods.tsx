import type { Pod } from '@berth/kube/objects';
import { useMemo, useState } from 'react';
import { useNavigate } from 'react-router';
import { useWatch } from '../../api/watch/use-watch.ts';
import { useAddress } from '../../components/link.tsx';
import { ObjectTable } from '../../components/object-table/object-table.tsx';
import { formatCount } from '../../format/duration.ts';
import { useText } from '../../i18n/text.ts';
import { podView } from '../../kinds/pods.tsx';
import { kinds } from '../../kinds/resources.ts';
import { addressIn, type PodSelection, selects } from '../../kinds/view.ts';
import { parseQuery } from '../../list/query.ts';
import { RowSelector, type Sorting } from '../../list/rows.ts';
import styles from './containers.module.css';

const everything = parseQuery('');

/** The pods that belong to a workload, a service or a node. */
export function RelatedPods({ selection }: { selection: PodSelection }) {
  const { t, language } = useText();
  const navigate = useNavigate();
  const address = useAddress();
  const pods = useWatch(kinds.pods, { namespace: selection.namespace });
  const [sorting, setSorting] = useState<Sorting>({ id: 'status', descending: false });
  const selector = useMemo(() => new RowSelector<Pod>(podView.columns), []);
  const wanted = JSON.stringify(selection);
  const rows = useMemo(() => {
    const by = JSON.parse(wanted) as PodSelection;
    return selector.select(
      pods.objects.filter((pod) => belongs(pod, by)),
      everything,
      sorting,
    );
  }, [pods.objects, wanted, selector, sorting]);
  const known = selection.nodeName === undefined ? 'namespace' : 'node';
  const columns = useMemo(() => podView.columns.filter((column) => column.id !== known), [known]);
  return (
    <section>
      <h2 className={styles.title}>
        {t('object.pods')} <span className="dim figure">{pods.complete && formatCount(rows.length, language)}</span>
      </h2>
      {rows.length > 0 && (
        <ObjectTable
          label={t('object.pods')}
          columns={columns}
          rows={rows}
          sorting={sorting}
          onSort={setSorting}
          touched={pods.touched}
          onSelect={(pod) => navigate(address(addressIn('/pods')(pod)))}
          fitRows={12}
        />
      )}
    </section>
  );
}

function belongs(pod: Pod, selection: PodSelection): boolean {
  if (selection.nodeName !== undefined) return pod.spec?.nodeName === selection.nodeName;
  if (selection.ownerUid !== undefined) {
    return pod.metadata.ownerReferences?.some((owner) => owner.uid === selection.ownerUid) === true;
  }
  return selects(selection.labels ?? {}, pod.metadata.labels);
}
