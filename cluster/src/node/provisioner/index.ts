import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type KubeClient, sharedInformers, systemClock } from '@berth/kube/client';
import { BerthError, isBerthError } from '@berth/kube/errors';
import { keyOf, type PersistentVolume, type PersistentVolumeClaim, resources } from '@berth/kube/objects';
import { type EventRecorder, eventRecorder, WorkQueue } from '@berth/kube/reconcile';
import type { Logger } from 'pino';
import { annotations, classOf, finalizers, localProvisioner } from '../../claims/index.ts';
import { disposalOf, provisionFor } from './decide.ts';

export interface LocalProvisionerOptions {
  client: KubeClient;
  /** Whether a node is one of those that this provisioner makes volumes for. */
  owns(node: string): boolean;
  /** The directory that holds the volumes. */
  root: string;
  /** Whether there are directories at all: simulated nodes only say so. */
  real: boolean;
  logger: Logger;
  signal: AbortSignal;
}

/**
 * Makes volumes of class `berth.dev/local`: each a directory of its node, which its node alone makes and removes. Works until the
 * signal is aborted; resolves when it has seen what is there.
 */
export async function startLocalProvisioner(options: LocalProvisionerOptions): Promise<void> {
  const { client, logger, signal } = options;
  const onError = (error: unknown) => logger.debug({ err: error }, 'the watch over the volumes was interrupted');
  const informers = sharedInformers({ client, signal, onError });
  const claims = informers.of(resources.persistentVolumeClaims);
  const volumes = informers.of(resources.persistentVolumes);
  const classes = informers.of(resources.storageClasses);
  const recorder = eventRecorder({ client, component: localProvisioner, onError });
  const queue = new WorkQueue({ clock: systemClock, concurrency: 8, work });

  async function work(key: string): Promise<void> {
    const [kind, ...rest] = key.split(' ');
    const name = rest.join(' ');
    try {
      if (kind === 'claim') await lookAtClaim(name);
      else await lookAtVolume(name);
      queue.succeeded(key);
    } catch (error) {
      if (signal.aborted) return;
      if (!isBerthError(error, 'Conflict')) logger.warn({ err: error, key }, 'a volume is tried again');
      queue.retry(key);
    }
  }

  async function lookAtClaim(key: string): Promise<void> {
    const [namespace = '', name = ''] = key.split('/');
    const claim = claims.get({ namespace, name });
    const decision = claim && provisionFor(claim, classes.get({ name: classOf(claim) }), options);
    if (!decision) return;
    if ('refusal' in decision) recorder.record(claim, 'Warning', 'ProvisioningFailed', decision.refusal);
    else if (!volumes.get(decision.volume.metadata)) await provision(options, recorder, claim, decision.volume);
  }

  async function lookAtVolume(name: string): Promise<void> {
    const volume = volumes.get({ name });
    const disposal = volume && disposalOf(volume, options.owns);
    if (disposal) await dispose(options, recorder, volume, disposal);
  }

  claims.subscribe(({ type, object }) => {
    const given = object.metadata.annotations?.[annotations.provisioner] === localProvisioner;
    if (type !== 'deleted' && given && !object.spec?.volumeName) queue.add(`claim ${keyOf(object)}`);
  });
  volumes.subscribe(({ type, object }) => {
    if (type !== 'deleted' && disposalOf(object, options.owns)) queue.add(`volume ${keyOf(object)}`);
  });
  signal.addEventListener('abort', () => queue.stop(), { once: true });
  await informers.synced();
  queue.resume();
}

/** The directory first: a volume that is in the API is there. */
async function provision(
  { client, root, real, signal }: LocalProvisionerOptions,
  recorder: EventRecorder,
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
): Promise<void> {
  const { name } = volume.metadata;
  const about = `External provisioner is provisioning volume for claim "${keyOf(claim)}"`;
  recorder.record(claim, 'Normal', 'Provisioning', about);
  try {
    if (real) {
      const directory = join(root, name);
      await mkdir(directory, { recursive: true });
      // Whoever the container runs as may write, as in an emptyDir.
      await chmod(directory, 0o777);
    }
    await client.create(resources.persistentVolumes, volume, { signal });
  } catch (error) {
    if (isBerthError(error, 'AlreadyExists') || signal.aborted) return;
    const why = error instanceof Error ? error.message : String(error);
    const message = `failed to provision volume with StorageClass "${classOf(claim)}": ${why}`;
    recorder.record(claim, 'Warning', 'ProvisioningFailed', message);
    throw error;
  }
  recorder.record(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
}

/** The directory goes before the object does: what failed is tried again, and nothing is left behind unseen. */
async function dispose(
  { client, root, real, signal }: LocalProvisionerOptions,
  recorder: EventRecorder,
  volume: PersistentVolume,
  disposal: 'delete' | 'release',
): Promise<void> {
  const { name, uid, resourceVersion, deletionTimestamp, finalizers: held = [] } = volume.metadata;
  try {
    if (disposal === 'delete' && real) {
      const directory = join(root, name);
      // Only what was made here is removed, whatever an object claims to be.
      if (volume.spec?.local?.path !== directory) {
        throw new BerthError('BadRequest', `${volume.spec?.local?.path} is no volume of this node`);
      }
      await rm(directory, { recursive: true, force: true });
    }
    if (deletionTimestamp === undefined) {
      await client.delete(resources.persistentVolumes, { name }, uid === undefined ? {} : { preconditions: { uid } });
      return;
    }
    const left = held.filter((finalizer) => finalizer !== finalizers.provisioned);
    const body = { metadata: { uid, resourceVersion, finalizers: left } };
    await client.patch(resources.persistentVolumes, { name }, { type: 'merge', body }, { signal });
  } catch (error) {
    if (isBerthError(error, 'NotFound') || signal.aborted) return;
    if (!isBerthError(error, 'Conflict')) {
      const why = error instanceof Error ? error.message : String(error);
      recorder.record(volume, 'Warning', 'VolumeFailedDelete', why);
    }
    throw error;
  }
}
