import type { Container, ContainerStatus, Pod } from '@berth/kube/objects';
import { Age } from '../../components/age.tsx';
import { Link } from '../../components/link.tsx';
import { StatusShape } from '../../components/status-badge.tsx';
import { formatCount } from '../../format/duration.ts';
import { useText } from '../../i18n/text.ts';
import type { Level } from '../../kinds/health.ts';
import { addressIn } from '../../kinds/view.ts';
import styles from './containers.module.css';

type State = NonNullable<ContainerStatus['state']>;

/** A pod's containers: state, last state, restarts, image, ports, requests and limits. */
export function Containers({ pod }: { pod: Pod }) {
  const { t } = useText();
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const statusOf = (container: Container) => statuses.find((status) => status.name === container.name);
  const init = (pod.spec?.initContainers ?? []).map((container) => ({
    container,
    tag: container.restartPolicy === 'Always' ? t('container.sidecar') : t('container.init'),
  }));
  const main = (pod.spec?.containers ?? []).map((container) => ({ container, tag: undefined }));
  return (
    <section>
      <h2 className={styles.title}>{t('object.containers')}</h2>
      {[...main, ...init].map(({ container, tag }) => (
        <ContainerBlock key={container.name} pod={pod} container={container} status={statusOf(container)} tag={tag} />
      ))}
    </section>
  );
}

interface ContainerBlockProps {
  pod: Pod;
  container: Container;
  status: ContainerStatus | undefined;
  tag: string | undefined;
}

function ContainerBlock({ pod, container, status, tag }: ContainerBlockProps) {
  const { t, language } = useText();
  const ports = container.ports?.map((port) => `${port.containerPort}/${port.protocol ?? 'TCP'}`).join(', ');
  const message = status?.state?.waiting?.message ?? status?.state?.terminated?.message;
  return (
    <div className={styles.container}>
      <div className={styles.head}>
        <span className={styles.name}>{container.name}</span>
        {tag !== undefined && <span className={styles.tag}>{tag}</span>}
        <StateText state={status?.state} ready={status?.ready === true} />
        <span className={styles.logs}>
          <Link to={`${addressIn('/pods')(pod)}?tab=logs&container=${container.name}`}>
            {t('container.logs', { name: container.name })}
          </Link>
        </span>
      </div>
      <dl className={styles.facts}>
        <Pair label={t('container.image')} value={<span className="mono">{container.image}</span>} />
        <Pair
          label={t('container.restarts')}
          value={<span className="figure">{formatCount(status?.restartCount ?? 0, language)}</span>}
        />
        {hasState(status?.lastState) && (
          <Pair label={t('container.last')} value={<StateText state={status?.lastState} past />} />
        )}
        {ports !== undefined && <Pair label={t('container.ports')} value={<span className="mono">{ports}</span>} />}
        <Pair
          label={t('container.resources')}
          value={<span className="mono">{resourcesOf(container) ?? t('fact.none')}</span>}
        />
      </dl>
      {message !== undefined && <p className={styles.message}>{message}</p>}
    </div>
  );
}

function Pair({ label, value }: { label: string; value: React.ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function StateText({
  state,
  ready = false,
  past = false,
}: {
  state: State | undefined;
  ready?: boolean;
  past?: boolean;
}) {
  const { t } = useText();
  const { running, waiting, terminated } = state ?? {};
  const level: Level = running
    ? ready
      ? 'ok'
      : 'progressing'
    : terminated
      ? terminated.exitCode === 0
        ? 'done'
        : 'failed'
      : waitingLevel(waiting?.reason);
  const time = running?.startedAt ?? terminated?.finishedAt;
  const word = running
    ? 'container.state.running'
    : waiting
      ? 'container.state.waiting'
      : terminated
        ? 'container.state.terminated'
        : 'container.state.unknown';
  const why =
    waiting?.reason ??
    (terminated && [terminated.reason, t('container.exit', { code: terminated.exitCode })].filter(Boolean).join(', '));
  return (
    <span>
      {!past && (
        <>
          <StatusShape level={level} />{' '}
        </>
      )}
      {t(word)}
      {why !== undefined && <span className="dim"> · {why}</span>}
      {time !== undefined && (
        <span className="dim">
          {' '}
          · <Age time={time} />
        </span>
      )}
    </span>
  );
}

function waitingLevel(reason: string | undefined): Level {
  return reason === undefined || reason === 'ContainerCreating' || reason === 'PodInitializing'
    ? 'progressing'
    : 'failed';
}

function hasState(state: State | undefined): boolean {
  return state !== undefined && Object.keys(state).length > 0;
}

/** `cpu 100m – 500m, memory 64Mi – 128Mi`: request and limit of each resource. */
function resourcesOf(container: Container): string | undefined {
  const { requests = {}, limits = {} } = container.resources ?? {};
  const names = [...new Set([...Object.keys(requests), ...Object.keys(limits)])];
  if (names.length === 0) return undefined;
  return names.map((name) => `${name} ${requests[name] ?? '–'} / ${limits[name] ?? '–'}`).join(', ');
}
