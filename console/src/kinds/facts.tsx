import type { KubeObject } from '@berth/kube/objects';
import type { ReactNode } from 'react';
import { Age } from '../components/age.tsx';
import { ReferenceLink } from '../components/link.tsx';
import { Pairs } from '../components/pairs.tsx';
import type { TextKey } from '../i18n/text.ts';
import { ownerReference } from './reference.ts';
import type { Fact } from './view.ts';

/** A fact that is left out when there is nothing to say. */
export function fact(label: TextKey, value: ReactNode, options: { mono?: boolean; wide?: boolean } = {}): Fact[] {
  if (value === undefined || value === null || value === '') return [];
  const shown = options.mono === true ? <span className="mono">{value}</span> : value;
  return [{ label, value: shown, ...(options.wide === true ? { wide: true } : {}) }];
}

/** What every object has. */
export function commonFacts(object: KubeObject): Fact[] {
  const owner = ownerReference(object);
  const { creationTimestamp, labels = {}, annotations = {} } = object.metadata;
  const notes = Object.fromEntries(
    Object.entries(annotations).filter(([key]) => !key.endsWith('/last-applied-configuration')),
  );
  return [
    ...fact('fact.created', <Age time={creationTimestamp} />),
    ...fact('fact.controlledBy', owner && <ReferenceLink reference={owner} />),
    ...fact('fact.labels', Object.keys(labels).length > 0 && <Pairs pairs={labels} />, { wide: true }),
    ...fact('fact.annotations', Object.keys(notes).length > 0 && <Pairs pairs={notes} fold={2} />, { wide: true }),
  ].filter((one) => one.value !== false);
}

/** The images of a pod template, each once. */
export function imagesOf(
  template: { spec?: { containers?: { image?: string }[] | undefined } | undefined } | undefined,
): string[] {
  const images = (template?.spec?.containers ?? []).flatMap((container) => container.image ?? []);
  return [...new Set(images)];
}
