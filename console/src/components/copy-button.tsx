import { ActionIcon, CopyButton as Copier, Tooltip } from '@mantine/core';
import { useText } from '../i18n/text.ts';
import { CheckIcon, CopyIcon } from './icons.tsx';

export function CopyButton({ text, label }: { text: string; label: string }) {
  const { t } = useText();
  return (
    <Copier value={text} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? t('yaml.copied') : label}>
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            aria-label={copied ? t('yaml.copied') : label}
            onClick={copy}
          >
            {copied ? <CheckIcon /> : <CopyIcon />}
          </ActionIcon>
        </Tooltip>
      )}
    </Copier>
  );
}
