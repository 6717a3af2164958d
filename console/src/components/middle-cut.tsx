import type { ClipboardEvent } from 'react';
import styles from './middle-cut.module.css';

const tailLength = 6;

/**
 * A name that loses its middle when there is no room: what tells similar names apart stands at the end. It is read out
 * and copied whole.
 */
export function MiddleCut({ text }: { text: string }) {
  if (text.length <= tailLength * 2) {
    return (
      <span className={styles.whole} title={text}>
        {text}
      </span>
    );
  }
  return (
    <span className={styles.name} title={text} onCopy={withoutBreaks}>
      <span className={styles.spoken}>{text}</span>
      <span className={styles.head} aria-hidden="true">
        {text.slice(0, -tailLength)}
      </span>
      <span className={styles.tail} aria-hidden="true">
        {text.slice(-tailLength)}
      </span>
    </span>
  );
}

/** Browsers put a line break between the two parts. */
function withoutBreaks(event: ClipboardEvent): void {
  const selected = document.getSelection()?.toString() ?? '';
  event.clipboardData.setData('text/plain', selected.replaceAll('\n', ''));
  event.preventDefault();
}
