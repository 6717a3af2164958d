import type { Job } from '@berth/kube/objects';
import { Age, Span } from '../components/age.tsx';
import {
  ageColumn,
  figureColumn,
  nameColumn,
  namespaceColumn,
  ownerColumn,
  statusColumn,
  textColumn,
} from './columns.tsx';
import { fact, imagesOf } from './facts.tsx';
import { kinds } from './resources.ts';
import { addressIn, type KindView } from './view.ts';
import { type CronJob, cronJobHealth, jobHealth } from './workload-health.ts';

const millis = (time: string | undefined) => (time === undefined ? undefined : new Date(time).getTime());

function jobDuration({ status }: Job): number | undefined {
  const started = millis(status?.startTime);
  const ended = millis(status?.completionTime);
  return started === undefined || ended === undefined ? undefined : ended - started;
}

export const jobView: KindView<Job> = {
  resource: kinds.jobs,
  path: '/jobs',
  title: 'kind.jobs',
  health: jobHealth,
  columns: [
    nameColumn(addressIn('/jobs')),
    namespaceColumn(),
    statusColumn(jobHealth),
    figureColumn('completions', 'column.completions', ({ status }) => status?.succeeded ?? 0, {
      min: 110,
      cell: ({ spec, status }) => `${status?.succeeded ?? 0}/${spec?.completions ?? 1}`,
    }),
    figureColumn('duration', 'column.duration', jobDuration, {
      cell: ({ status }) => <Span from={status?.startTime} to={status?.completionTime} />,
    }),
    { ...ownerColumn<Job>(), rank: 6 },
    ageColumn(),
  ],
  facts: ({ spec, status }) => [
    ...fact('fact.completions', `${status?.succeeded ?? 0}/${spec?.completions ?? 1}`),
    ...fact('fact.parallelism', spec?.parallelism),
    ...fact('fact.backoffLimit', spec?.backoffLimit),
    ...fact('fact.started', status?.startTime && <Age time={status.startTime} />),
    ...fact('fact.finished', status?.completionTime && <Age time={status.completionTime} />),
    ...fact('fact.images', imagesOf(spec?.template).join(', '), { mono: true }),
  ],
  podsOf: ({ metadata }) => ({ namespace: metadata.namespace, ownerUid: metadata.uid }),
};

export const cronJobView: KindView<CronJob> = {
  resource: kinds.cronjobs,
  path: '/cronjobs',
  title: 'kind.cronjobs',
  health: cronJobHealth,
  columns: [
    nameColumn(addressIn('/cronjobs')),
    namespaceColumn(),
    statusColumn(cronJobHealth),
    textColumn('schedule', 'column.schedule', ({ spec }) => spec?.schedule, { mono: true, rank: 3, min: 120 }),
    figureColumn('active', 'column.active', ({ status }) => status?.active?.length ?? 0),
    figureColumn('lastRun', 'column.lastRun', ({ status }) => millis(status?.lastScheduleTime), {
      cell: ({ status }) => <Age time={status?.lastScheduleTime} />,
    }),
    ageColumn(),
  ],
  facts: ({ spec, status }) => [
    ...fact('fact.schedule', spec?.schedule, { mono: true }),
    ...fact('fact.timeZone', spec?.timeZone),
    ...fact('fact.lastRun', status?.lastScheduleTime && <Age time={status.lastScheduleTime} />),
    ...fact('fact.lastSuccess', status?.lastSuccessfulTime && <Age time={status.lastSuccessfulTime} />),
  ],
};
