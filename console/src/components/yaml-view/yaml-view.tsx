import type { KubeObject } from '@berth/kube/objects';
import type { EditorView } from '@codemirror/view';
import { Button, CopyButton } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useText } from '../../i18n/text.ts';
import { styleNonce } from '../../theme/nonce.ts';
import { yamlOf } from './document.ts';
import { openEditor, replaceText } from './editor.ts';
import styles from './yaml-view.module.css';

/** The object as it is in the cluster, following it live. */
export default function YamlView({ object }: { object: KubeObject }) {
  const { t } = useText();
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView>(undefined);
  const [reveal, setReveal] = useState(false);
  const text = useMemo(() => yamlOf(object, reveal), [object, reveal]);
  const label = t('yaml.label');
  const isSecret = object.kind === 'Secret' && object.apiVersion === 'v1';
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new text goes into the open editor, below
  useEffect(() => {
    if (place.current === null) return;
    const opened = openEditor(place.current, { text, label, nonce: styleNonce() });
    editor.current = opened;
    return () => opened.destroy();
  }, [label]);
  useEffect(() => {
    if (editor.current !== undefined) replaceText(editor.current, text);
  }, [text]);
  return (
    <div className={styles.view}>
      <div className={styles.bar}>
        {isSecret && !reveal && <span className={styles.hidden}>{t('yaml.secretHidden')}</span>}
        {isSecret && (
          <Button size="compact-sm" variant="default" onClick={() => setReveal(!reveal)}>
            {reveal ? t('yaml.hide') : t('yaml.reveal')}
          </Button>
        )}
        <CopyButton value={text} timeout={1500}>
          {({ copied, copy }) => (
            <Button size="compact-sm" variant="default" onClick={copy}>
              {copied ? t('yaml.copied') : t('yaml.copy')}
            </Button>
          )}
        </CopyButton>
      </div>
      <div ref={place} className={styles.editor} />
    </div>
  );
}
