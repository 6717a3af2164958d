import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@berth/kube/objects';
import { annotations } from './annotations.ts';

/** The name of the class that a volume or a claim belongs to; '' is none. */
export function classOf({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata.annotations?.[annotations.betaClass] ?? spec?.storageClassName ?? '';
}

/** Whether the claim leaves its class open: '' is a decision, nothing is not. */
export const hasNoClass = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  spec?.storageClassName === undefined && metadata.annotations?.[annotations.betaClass] === undefined;

/** The class for claims that name none: of several defaults the newest, then the first by name. */
export function defaultClass(classes: readonly StorageClass[]): StorageClass | undefined {
  const marked = classes.filter(({ metadata: { annotations: marks = {} } }) =>
    [annotations.defaultClass, annotations.betaDefaultClass].some((name) => marks[name] === 'true'),
  );
  return marked.toSorted((a, b) => {
    const [first, second] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
    if (first !== second) return first < second ? 1 : -1;
    return a.metadata.name < b.metadata.name ? -1 : 1;
  })[0];
}

/** Whether claims of the class are bound only when a pod uses them. */
export const waitsForConsumer = (storageClass: StorageClass | undefined): boolean =>
  storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
