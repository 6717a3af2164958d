import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { LogLine } from '../../api/logs/buffer.ts';
import { useText } from '../../i18n/text.ts';
import styles from './log-view.module.css';

export interface LogLinesProps {
  lines: readonly LogLine[];
  /** In lower case; marked where it is found. */
  search: string;
  times: boolean;
  wrap: boolean;
  paused: boolean;
  /** The reader has scrolled up, to read in peace. */
  onLeaveEnd: () => void;
}

const lineHeight = 20;
const nearEnd = 4 * lineHeight;

/** The lines themselves, drawn only where they are seen, kept at the end until the reader scrolls up. */
export function LogLines({ lines, search, times, wrap, paused, onLeaveEnd }: LogLinesProps) {
  const { t } = useText();
  const scroller = useRef<HTMLElement>(null);
  const lastTop = useRef(0);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => lineHeight,
    getItemKey: (index) => lines[index]?.id ?? index,
    overscan: 20,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines move the end
  useEffect(() => {
    if (!paused && lines.length > 0) virtual.scrollToIndex(lines.length - 1, { align: 'end' });
  }, [lines, paused, wrap]);
  return (
    <section
      ref={scroller}
      className={`${styles.lines} ${wrap ? styles.wrapped : ''}`}
      aria-label={t('logs.lines')}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
      tabIndex={0}
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        const wentUp = scrollTop < lastTop.current - 1;
        lastTop.current = scrollTop;
        if (wentUp && !paused && scrollHeight - scrollTop - clientHeight > nearEnd) onLeaveEnd();
      }}
    >
      <div className={styles.body} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const line = lines[item.index];
          if (line === undefined) return null;
          return (
            <div
              key={item.key}
              ref={wrap ? virtual.measureElement : undefined}
              data-index={item.index}
              className={styles.line}
              style={{ transform: `translateY(${item.start}px)`, ...(wrap ? {} : { height: lineHeight }) }}
            >
              {times && line.time !== undefined && <span className={styles.time}>{line.time.slice(0, 23)}</span>}
              {search === '' ? plain(line.text) : marked(plain(line.text), search)}
            </div>
          );
        })}
      </div>
    </section>
  );
}

/** Without the colour codes that programs write for terminals. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '').replace(/\r$/, '');
}

function marked(text: string, search: string): React.ReactNode[] {
  const parts: React.ReactNode[] = [];
  const lower = text.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(search); at >= 0; at = lower.indexOf(search, from)) {
    parts.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + search.length)}</mark>);
    from = at + search.length;
  }
  parts.push(text.slice(from));
  return parts;
}
