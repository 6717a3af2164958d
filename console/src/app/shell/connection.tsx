import { useEffect, useRef, useState } from 'react';
import { useBroken } from '../../api/watch/use-watch.ts';
import { useText } from '../../i18n/text.ts';
import styles from './shell.module.css';

const graceTime = 2500;
const thankYouTime = 4000;

/** Says when what is shown no longer follows the cluster, and when it does again. */
export function Connection() {
  const { t } = useText();
  const broken = useBroken();
  const [said, say] = useState<'broken' | 'restored' | undefined>();
  const wasSaid = useRef(false);
  useEffect(() => {
    if (!broken && !wasSaid.current) return;
    const timer = setTimeout(
      () => {
        wasSaid.current = broken;
        say(broken ? 'broken' : undefined);
      },
      broken ? graceTime : thankYouTime,
    );
    if (!broken) say('restored');
    return () => clearTimeout(timer);
  }, [broken]);
  return (
    <div role="status" aria-live="polite">
      {said !== undefined && (
        <p className={styles.broken}>{t(said === 'broken' ? 'header.broken' : 'header.restored')}</p>
      )}
    </div>
  );
}
