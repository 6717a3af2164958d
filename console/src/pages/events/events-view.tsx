import type { Event } from '@berth/kube/objects';
import { Age } from '../../components/age.tsx';
import { ReferenceLink } from '../../components/link.tsx';
import { StatusShape } from '../../components/status-badge.tsx';
import { useText } from '../../i18n/text.ts';
import { figureColumn, namespaceColumn, textColumn } from '../../kinds/columns.tsx';
import { fact } from '../../kinds/facts.tsx';
import { kinds } from '../../kinds/resources.ts';
import { timeOf } from '../../kinds/timeline.ts';
import type { KindView } from '../../kinds/view.ts';

/** Events are read by time and by what they are about; their own names say nothing. */
export const eventsView: KindView<Event> = {
  resource: kinds.events,
  path: '/events',
  title: 'kind.events',
  sorting: { id: 'lastSeen', descending: false },
  columns: [
    figureColumn('lastSeen', 'column.lastSeen', (event) => -new Date(timeOf(event) ?? 0).getTime(), {
      min: 92,
      rank: 0,
      cell: (event) => <Age time={timeOf(event)} />,
    }),
    textColumn('type', 'column.type', (event) => event.type, {
      min: 100,
      grow: 0,
      rank: 3,
      cell: (event) => <EventType type={event.type} />,
    }),
    textColumn('reason', 'column.reason', (event) => event.reason, { min: 116, rank: 0 }),
    textColumn('object', 'column.object', (event) => `${event.involvedObject.kind}/${event.involvedObject.name}`, {
      min: 172,
      grow: 2,
      rank: 0,
      cell: (event) => <ReferenceLink reference={event.involvedObject} />,
    }),
    textColumn('message', 'column.message', (event) => event.message, { min: 220, grow: 5, rank: 1 }),
    figureColumn('count', 'column.count', (event) => event.series?.count ?? event.count ?? 1, { min: 72, rank: 6 }),
    namespaceColumn(),
  ],
  facts: (event) => [
    ...fact('column.object', <ReferenceLink reference={event.involvedObject} />),
    ...fact('column.reason', event.reason),
    ...fact('column.message', event.message, { wide: true }),
  ],
};

function EventType({ type }: { type: string | undefined }) {
  const { t } = useText();
  const warning = type === 'Warning';
  return (
    <span>
      <StatusShape level={warning ? 'degraded' : 'ok'} /> {warning ? t('timeline.warning') : t('timeline.normal')}
    </span>
  );
}
