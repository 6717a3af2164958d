import { Kbd, Modal } from '@mantine/core';
import { type TextKey, useText } from '../../i18n/text.ts';
import styles from './keys-dialog.module.css';

const keys: readonly { keys: readonly string[]; does: TextKey }[] = [
  { keys: ['/'], does: 'keys.search' },
  { keys: ['j', 'k'], does: 'keys.rows' },
  { keys: ['Enter'], does: 'keys.open' },
  { keys: ['Esc'], does: 'keys.close' },
  { keys: ['l'], does: 'keys.logs' },
  { keys: ['y'], does: 'keys.yaml' },
  { keys: ['[', ']'], does: 'keys.history' },
  { keys: ['g', 'o p d s n e x'], does: 'keys.go' },
  { keys: ['?'], does: 'keys.help' },
];

export function KeysDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useText();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('keys.title')}
      closeButtonProps={{ 'aria-label': t('keys.closeDialog') }}
      lockScroll={false}
      transitionProps={{ duration: 100 }}
    >
      <dl className={styles.keys}>
        {keys.map((one) => (
          <div key={one.does} className={styles.key}>
            <dt>
              {one.keys.map((key) => (
                <Kbd key={key} mr={4}>
                  {key}
                </Kbd>
              ))}
            </dt>
            <dd>{t(one.does)}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
