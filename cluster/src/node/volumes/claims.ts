import { lstat, mkdir, readlink, rename, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '@berth/kube/objects';
import { claimNameOf, modeOf } from '../../claims/index.ts';
import { prepareHostPath } from './host-path.ts';

/** What the API says now. */
export interface ClaimSources {
  claim(name: string): Promise<PersistentVolumeClaim | undefined>;
  persistentVolume(name: string): Promise<PersistentVolume | undefined>;
}

/** The volume that a pod's claim is bound to. Throws `ServiceUnavailable` in kubelet's words while there is none. */
export async function volumeOfClaim(pod: Pod, volume: Volume, sources: ClaimSources): Promise<PersistentVolume> {
  const { namespace = '' } = pod.metadata;
  const claimName = claimNameOf(pod, volume) ?? '';
  const unusable = (why: string) =>
    new BerthError('ServiceUnavailable', `error processing PVC ${namespace}/${claimName}: ${why}`);
  const claim = await sources.claim(claimName);
  if (!claim) {
    throw unusable(`failed to fetch PVC from API server: persistentvolumeclaims "${claimName}" not found`);
  }
  if (claim.metadata.deletionTimestamp !== undefined) throw unusable('PVC is being deleted');
  const name = claim.spec?.volumeName;
  if (claim.status?.phase !== 'Bound') throw unusable('PVC is not bound');
  if (!name) throw unusable('PVC has empty pvc.Spec.VolumeName');
  const found = await sources.persistentVolume(name);
  if (!found) throw unusable(`failed to fetch PV ${name} from API server: persistentvolumes "${name}" not found`);
  const { claimRef } = found.spec ?? {};
  if (!claimRef) {
    throw unusable(
      `found PV object ${name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`,
    );
  }
  if (claimRef.uid !== claim.metadata.uid) {
    const is = `found PV object ${name} but its pv.Spec.ClaimRef.UID ${claimRef.uid}`;
    throw unusable(`${is} does not point to claim.UID ${claim.metadata.uid}`);
  }
  if (modeOf(found) === 'Block') {
    throw unusable(`volume ${volume.name} has volumeMode Block, which this node does not offer`);
  }
  return found;
}

/** Where a persistent volume lies on this machine. Throws when it does not, or when it is of a kind that this node does not mount. */
export async function pathOfVolume({ spec }: PersistentVolume): Promise<string> {
  if (spec?.hostPath) {
    await prepareHostPath(spec.hostPath.path, spec.hostPath.type);
    return spec.hostPath.path;
  }
  if (spec?.local) {
    const { path } = spec.local;
    if (!(await lstat(path).catch(() => undefined))) throw new BerthError('NotFound', `path "${path}" does not exist`);
    return path;
  }
  const sources = ['csi', 'nfs', 'iscsi', 'fc', 'cephfs', 'rbd'] as const;
  const kind = sources.find((source) => spec?.[source as keyof typeof spec] !== undefined) ?? 'unknown';
  throw new BerthError('BadRequest', `volumes of type ${kind} are not supported by this node`);
}

/**
 * Keeps, in the pod's own directory, a link to where the volume lies: whatever is removed with the pod, the data is not, and the next
 * agent finds the way without asking.
 */
export async function linkTo(path: string, link: string): Promise<void> {
  if ((await readlink(link).catch(() => undefined)) === path) return;
  await mkdir(dirname(link), { recursive: true });
  await symlink(path, `${link}.new`);
  await rename(`${link}.new`, link);
}
