import type { Pod } from '@berth/kube/objects';
import { Button, Checkbox, NativeSelect } from '@mantine/core';
import { useMemo, useState } from 'react';
import { formatCount } from '../../format/duration.ts';
import { useText } from '../../i18n/text.ts';
import { SearchLine } from '../search-line.tsx';
import { LogLines } from './log-lines.tsx';
import styles from './log-view.module.css';
import { useLog } from './use-log.ts';

/** The log of one container of a pod: followed live, paused without loss, searched, and saved as a file. */
export default function LogView({ pod, chosen }: { pod: Pod; chosen?: string | undefined }) {
  const { t, language } = useText();
  const names = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].map((one) => one.name);
  const [picked, pick] = useState(chosen);
  const container = names.find((name) => name === picked) ?? names[0] ?? '';
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const restarts = statuses.find((status) => status.name === container)?.restartCount ?? 0;
  const [follow, setFollow] = useState(true);
  const [previous, setPrevious] = useState(false);
  const [times, setTimes] = useState(false);
  const [wrap, setWrap] = useState(false);
  const [search, setSearch] = useState('');
  const [paused, setPaused] = useState(false);
  const { namespace = '', name } = pod.metadata;
  const log = useLog({ namespace, pod: name, container, previous, follow, restarts: previous ? 0 : restarts });
  const wanted = search.toLowerCase();
  const lines = useMemo(
    () =>
      wanted === ''
        ? log.snapshot.lines
        : log.snapshot.lines.filter((line) => line.text.toLowerCase().includes(wanted)),
    [log.snapshot.lines, wanted],
  );
  const pause = () => {
    setPaused(true);
    log.pause();
  };
  const resume = () => {
    setPaused(false);
    log.resume();
  };
  const count = (amount: number) => ({ count: amount, formatted: formatCount(amount, language) });
  const { waiting, dropped } = log.snapshot;
  return (
    <div className={styles.view}>
      <div className={styles.bar}>
        <NativeSelect
          size="xs"
          aria-label={t('logs.container')}
          data={names}
          value={container}
          onChange={(event) => pick(event.currentTarget.value)}
        />
        <SearchLine value={search} onChange={setSearch} label={t('logs.search')} />
        {wanted !== '' && <span className={styles.found}>{t('logs.matches', count(lines.length))}</span>}
        <Option label={t('logs.follow')} checked={follow && !previous} disabled={previous} onChange={setFollow} />
        <Option
          label={t('logs.previous')}
          checked={previous}
          disabled={restarts === 0 && !previous}
          onChange={setPrevious}
        />
        <Option label={t('logs.times')} checked={times} onChange={setTimes} />
        <Option label={t('logs.wrap')} checked={wrap} onChange={setWrap} />
        <div className={styles.end}>
          <Button size="compact-sm" variant="default" onClick={paused ? resume : pause}>
            {paused ? t('logs.resume') : t('logs.pause')}
          </Button>
          <Button size="compact-sm" variant="default" onClick={() => save(`${name}-${container}.log`, log.text())}>
            {t('logs.download')}
          </Button>
        </div>
      </div>
      <div className={styles.frame}>
        <LogLines lines={lines} search={wanted} times={times} wrap={wrap} paused={paused} onLeaveEnd={pause} />
        {paused && (
          <Button className={styles.resume ?? ''} size="xs" onClick={resume}>
            {waiting > 0 ? t('logs.resumeNew', count(waiting)) : t('logs.resume')}
          </Button>
        )}
      </div>
      <p className={styles.state} role="status">
        {typeof log.phase === 'object' && t('logs.failed', { message: log.phase.failed })}
        {log.phase === 'ended' && t('logs.ended')}
        {log.phase === 'reading' && log.snapshot.lines.length === 0 && t('logs.empty')}
        {wanted !== '' && lines.length === 0 && log.snapshot.lines.length > 0 && t('logs.noMatch')}
        {dropped > 0 && ` ${t('logs.dropped', count(dropped))}`}
      </p>
    </div>
  );
}

interface OptionProps {
  label: string;
  checked: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
}

function Option({ label, checked, disabled = false, onChange }: OptionProps) {
  return (
    <Checkbox
      size="xs"
      label={label}
      checked={checked}
      disabled={disabled}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
