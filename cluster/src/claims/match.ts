import type { Node, PersistentVolume, PersistentVolumeClaim } from '@berth/kube/objects';
import { bytes } from '@berth/kube/quantity';
import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { termMatcher } from '../scheduler/node-selectors.ts';
import { classOf } from './storage-class.ts';

/** Whether the volume is this claim's, or kept for it: a reference that somebody made by hand has no uid yet. */
export function isHeldFor(volume: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const ref = volume.spec?.claimRef;
  if (!ref || ref.name !== metadata.name || ref.namespace !== metadata.namespace) return false;
  return !ref.uid || ref.uid === metadata.uid;
}

/** Whether a pod on this node can reach the volume. */
export function isReachable(volume: PersistentVolume, node: Node): boolean {
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  return !terms || terms.some((term) => termMatcher(term)(node));
}

/** Why a volume that the claim names will not do, in Kubernetes' words; undefined when it will. */
export function misfit(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (volume.metadata.deletionTimestamp) return `the volume is marked for deletion "${volume.metadata.name}"`;
  if (sizeOf(volume) < requestOf(claim)) return 'requested PV is too small';
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match';
  if (attributesOf(volume) !== attributesOf(claim)) return 'volumeAttributesClassName does not match';
  if (modeOf(volume) !== modeOf(claim)) return 'incompatible volumeMode';
  return hasAccess(volume, claim) ? undefined : 'incompatible accessMode';
}

export interface Search {
  claim: PersistentVolumeClaim;
  volumes: readonly PersistentVolume[];
  /** The scheduler looks for a volume that can be reached from a node. */
  node?: Node;
  /** Names of volumes that are given away already. */
  taken?: ReadonlySet<string>;
  /** Only what is held for the claim counts: the rest is the scheduler's to choose. */
  heldOnly?: boolean;
}

/**
 * The volume for a claim that names none: one that is held for it, else the smallest that will do among those with the fewest
 * access modes.
 */
export function findVolume({ claim, volumes, node, taken, heldOnly }: Search): PersistentVolume | undefined {
  const fits = volumes.filter(
    (volume) =>
      !taken?.has(volume.metadata.name) &&
      (!volume.spec?.claimRef || isHeldFor(volume, claim)) &&
      !volume.metadata.deletionTimestamp &&
      modeOf(volume) === modeOf(claim) &&
      attributesOf(volume) === attributesOf(claim) &&
      sizeOf(volume) >= requestOf(claim) &&
      hasAccess(volume, claim),
  );
  const held = fits.find((volume) => isHeldFor(volume, claim));
  if (held) return node && !isReachable(held, node) ? undefined : held;
  if (heldOnly) return undefined;
  const selector = claim.spec?.selector ? labelSelectorOf(claim.spec.selector) : undefined;
  const free = fits.filter(
    (volume) =>
      volume.status?.phase === 'Available' &&
      classOf(volume) === classOf(claim) &&
      (!selector || matchesLabels(selector, volume.metadata.labels)) &&
      (!node || isReachable(volume, node)),
  );
  const modes = (volume: PersistentVolume) => volume.spec?.accessModes?.length ?? 0;
  return free.toSorted((a, b) => modes(a) - modes(b) || sizeOf(a) - sizeOf(b))[0];
}

type Held = PersistentVolume | PersistentVolumeClaim;

export const modeOf = ({ spec }: Held): string => spec?.volumeMode ?? 'Filesystem';
const attributesOf = ({ spec }: Held): string => spec?.volumeAttributesClassName ?? '';
const sizeOf = ({ spec }: PersistentVolume): number => bytes((spec?.capacity?.storage ?? 0) as string);
const requestOf = ({ spec }: PersistentVolumeClaim): number =>
  bytes((spec?.resources?.requests?.storage ?? 0) as string);

function hasAccess(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const offered = volume.spec?.accessModes ?? [];
  return (claim.spec?.accessModes ?? []).every((mode) => offered.includes(mode));
}
