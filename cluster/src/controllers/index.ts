import { type Clock, type KubeClient, sharedInformers } from '@berth/kube/client';
import type { ResourceRef } from '@berth/kube/objects';
import { eventRecorder, type Reconciler, startWorker, type Worker } from '@berth/kube/reconcile';
import type { CertificateSigner } from '../api/index.ts';
import { certificateCleaner, certificateSigningController } from './certificates/index.ts';
import { cronJobController } from './cronjob/index.ts';
import { daemonSetController } from './daemonset/index.ts';
import { deploymentController } from './deployment/index.ts';
import { disruptionController, staleDisruptionController } from './disruption/index.ts';
import { endpointSliceController, endpointsController, orphanedEndpointsController } from './endpoints/index.ts';
import { ephemeralVolumeController } from './ephemeralvolumes/index.ts';
import { startGarbageCollector } from './garbage/index.ts';
import { horizontalPodAutoscalerController, type PathApi } from './horizontal/index.ts';
import { jobController, orphanedJobPodController, ttlAfterFinishedController } from './job/index.ts';
import { contentOf, namespaceController } from './namespace/index.ts';
import { nodeController, taintEvictionController } from './nodes/index.ts';
import {
  claimController,
  claimPlacement,
  claimProtection,
  volumeController,
  volumeProtection,
} from './persistentvolumes/index.ts';
import { podGarbageController, terminatedPodController } from './podgarbage/index.ts';
import { replicaSetController, replicationController } from './replicaset/index.ts';
import { quotaContentOf, resourceQuotaController } from './resourcequota/index.ts';
import { customResourceDefinitions, type Served, servedResources } from './served.ts';
import { serviceAccountController } from './serviceaccount/index.ts';
import { statefulSetController } from './statefulset/index.ts';

export interface ControllersOptions {
  client: KubeClient;
  /** Signs the certificates that were approved; left out where nobody here may. */
  signer?: CertificateSigner;
  /** The API over paths, for scales and metrics; left out where nobody scales by metrics. */
  paths?: PathApi;
  /** Milliseconds without a sign of life after which a node counts as lost; 50 s as kube-controller-manager has it. */
  nodeMonitorGracePeriod?: number;
  signal: AbortSignal;
  clock?: Clock;
  /** Told of each failure; the controllers retry by themselves. `where` names the controller and the object. */
  onError?(error: unknown, where: string): void;
}

/** The cluster's reconcilers. */
export function controllers(options: {
  signer?: CertificateSigner | undefined;
  paths?: PathApi | undefined;
  nodeMonitorGracePeriod?: number | undefined;
  served: Served;
}): Reconciler[] {
  return [
    deploymentController,
    replicaSetController,
    replicationController,
    statefulSetController,
    daemonSetController(),
    jobController(),
    orphanedJobPodController,
    ttlAfterFinishedController,
    cronJobController,
    endpointSliceController,
    endpointsController,
    orphanedEndpointsController,
    serviceAccountController,
    disruptionController(options.paths),
    staleDisruptionController,
    nodeController(options.nodeMonitorGracePeriod === undefined ? {} : { gracePeriod: options.nodeMonitorGracePeriod }),
    taintEvictionController(),
    podGarbageController(),
    terminatedPodController(),
    certificateCleaner,
    ...(options.signer === undefined ? [] : [certificateSigningController(options.signer)]),
    ...(options.paths === undefined ? [] : [horizontalPodAutoscalerController(options.paths)]),
    claimController,
    claimPlacement,
    volumeController,
    claimProtection,
    volumeProtection,
    ephemeralVolumeController,
    resourceQuotaController(options.served),
    namespaceController(options.served),
  ];
}

/**
 * Runs all of them, and the garbage collector, over shared informers until the signal is aborted. Resolves when they
 * have seen the whole state once and work.
 */
export async function startControllers(options: ControllersOptions): Promise<void> {
  const { client, signal, onError } = options;
  const clock = options.clock ? { clock: options.clock } : {};
  const served = servedResources();
  const informers = sharedInformers({
    client,
    signal,
    ...clock,
    onError: (error, resource: ResourceRef) => onError?.(error, `informer ${resource.resource}`),
  });
  const recorders = new Map<string, ReturnType<typeof eventRecorder>>();
  const recorderFor = (component: string) => {
    const recorder =
      recorders.get(component) ??
      eventRecorder({ client, component, ...clock, onError: (error) => onError?.(error, `events of ${component}`) });
    recorders.set(component, recorder);
    return recorder;
  };

  const workers = new Map<string, Worker>();
  for (const reconciler of controllers({ ...options, served })) {
    const { name } = reconciler;
    const report = (error: unknown, key: string) => onError?.(error, `${name} ${key}`);
    const options = { reconciler, client, informers, recorder: recorderFor(name), signal, ...clock, onError: report };
    workers.set(name, startWorker(options));
  }
  const garbage = startGarbageCollector({
    client,
    informers,
    served,
    recorder: recorderFor('garbage-collector'),
    signal,
    ...clock,
    onError: (error, key) => onError?.(error, `garbage-collector ${key}`),
  });
  const contents = new Map<string, () => void>();
  informers.of(customResourceDefinitions).subscribe(({ type, object }) => {
    const { name } = object.metadata;
    const { added, removed } = served.define(name, type === 'deleted' ? undefined : object);
    if (removed) {
      contents.get(name)?.();
      contents.delete(name);
      garbage.untrack(removed);
      informers.forget(removed);
    }
    if (!added) return;
    garbage.track(added);
    const stops = [
      workers.get('namespace-controller')?.watch(contentOf(added)),
      ...quotaContentOf(added).map((each) => workers.get('resourcequota-controller')?.watch(each)),
    ];
    contents.set(name, () => {
      for (const stop of stops) stop?.();
    });
  });

  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([informers.synced(), aborted]);
}
