import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Clock } from '../format/clock.ts';
import { formatDuration, formatTime } from '../format/duration.ts';
import { useText } from '../i18n/text.ts';

export const ClockContext = createContext<Clock | undefined>(undefined);

function useClock(): Clock {
  const clock = useContext(ClockContext);
  if (clock === undefined) throw new Error('no clock above this component');
  return clock;
}

/** How long ago; the exact time on hover, and in the markup. Ticks. */
export function Age({ time }: { time: string | number | undefined }) {
  const { language } = useText();
  const clock = useClock();
  const text = useSyncExternalStore(clock.subscribe, () =>
    time === undefined ? '' : formatDuration(clock.now - new Date(time).getTime() / 1000, language),
  );
  if (time === undefined) return <span className="dim">–</span>;
  const exact = new Date(time);
  return (
    <time className="figure" dateTime={exact.toISOString()} title={formatTime(exact.getTime(), language)}>
      {text}
    </time>
  );
}

/** The time between two moments, or since the first while there is no second. */
export function Span({ from, to }: { from: string | undefined; to: string | undefined }) {
  const { language } = useText();
  if (from === undefined) return <span className="dim">–</span>;
  if (to === undefined) return <Age time={from} />;
  const seconds = (new Date(to).getTime() - new Date(from).getTime()) / 1000;
  return <span className="figure">{formatDuration(seconds, language)}</span>;
}
