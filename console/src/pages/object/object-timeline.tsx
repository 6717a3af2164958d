import type { KubeObject } from '@berth/kube/objects';
import { useMemo } from 'react';
import { useWatch } from '../../api/watch/use-watch.ts';
import { Age } from '../../components/age.tsx';
import { StatusShape } from '../../components/status-badge.tsx';
import { useText } from '../../i18n/text.ts';
import { kinds } from '../../kinds/resources.ts';
import { isAbout, type Moment, momentsOf } from '../../kinds/timeline.ts';
import styles from './timeline.module.css';

/** What happened to an object: its conditions and events as one list, the latest first. */
export function ObjectTimeline({ object, limit = 100 }: { object: KubeObject; limit?: number }) {
  const { t } = useText();
  // Events about objects without a namespace are kept in "default".
  const events = useWatch(kinds.events, { namespace: object.metadata.namespace ?? 'default' });
  const moments = useMemo(
    () =>
      momentsOf(
        object,
        events.objects.filter((event) => isAbout(event, object)),
      ),
    [object, events.objects],
  );
  return (
    <section>
      <h2 className={styles.title}>{t('object.timeline')}</h2>
      {moments.length === 0 ? (
        <p className={styles.note}>{t('object.timeline.empty')}</p>
      ) : (
        <ol className={styles.list}>
          {moments.slice(0, limit).map((moment) => (
            <MomentRow key={moment.id} moment={moment} />
          ))}
        </ol>
      )}
      <p className={styles.note}>{t('object.timeline.note')}</p>
    </section>
  );
}

function MomentRow({ moment }: { moment: Moment }) {
  const { t } = useText();
  const isWarning = moment.source === 'event' && moment.level !== 'ok';
  const source =
    moment.source === 'condition' ? t('timeline.condition') : t(isWarning ? 'timeline.warning' : 'timeline.event');
  return (
    <li className={styles.moment}>
      <span className={styles.shape}>
        <StatusShape level={moment.level} />
      </span>
      <span>
        <span className={styles.what}>{moment.title}</span>{' '}
        <span className={styles.source}>
          {source}
          {moment.detail !== undefined && ` · ${moment.detail}`}
          {moment.count > 1 && ` · ${t('timeline.times', { count: moment.count })}`}
        </span>
      </span>
      <span className={styles.time}>
        <Age time={moment.time} />
      </span>
      {moment.message !== undefined && <p className={styles.message}>{moment.message}</p>}
    </li>
  );
}
