import styles from './middle-cut.module.css';

const tailLength = 6;

/** A name that loses its middle when there is no room: what tells similar names apart stands at the end. */
export function MiddleCut({ text }: { text: string }) {
  if (text.length <= tailLength * 2)
    return (
      <span className={styles.whole} title={text}>
        {text}
      </span>
    );
  return (
    <span className={styles.name} title={text}>
      <span className={styles.head}>{text.slice(0, -tailLength)}</span>
      <span className={styles.tail}>{text.slice(-tailLength)}</span>
    </span>
  );
}
