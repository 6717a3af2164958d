import type { KubeClient } from '@berth/kube/client';
import { BerthError } from '@berth/kube/errors';
import { type Pod, resources } from '@berth/kube/objects';
import type { SandboxConfig } from '../runtime/types.ts';
import type { NodeContext } from './context.ts';
import type { ObservedPod } from './observed.ts';

/** Makes the pod's sandbox and notes it as the newest; what was in one that got lost is ended first. */
export async function createSandbox(options: {
  context: NodeContext;
  pod: Pod;
  observed: ObservedPod;
  /** `changed`: there was one before. */
  step: { changed: boolean };
  config(): SandboxConfig;
  /** Takes in that a container has ended. */
  ended(id: string): Promise<void>;
}): Promise<void> {
  const { pod, observed } = options;
  const { runtime, recorder } = options.context;
  if (options.step.changed) {
    const message = 'Pod sandbox changed, it will be killed and re-created.';
    recorder.record(pod, 'Normal', 'SandboxChanged', message);
    for (const sandbox of observed.sandboxes) {
      await runtime.stopSandbox(sandbox.id);
      sandbox.ready = false;
    }
    for (const container of observed.containers) {
      if (container.state === 'running') await options.ended(container.id);
    }
  }
  try {
    const runtimeHandler = await handlerOf(pod, options.context.client);
    if (pod.spec?.hostUsers === false) throw withoutUserNamespaces(runtimeHandler);
    const id = await runtime.runSandbox({ ...options.config(), runtimeHandler });
    observed.sandboxes.unshift(await runtime.sandboxStatus(id));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    recorder.record(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${why}`);
    throw error;
  }
}

/** What the pod's RuntimeClass calls its runtime, '' without one. */
async function handlerOf({ spec }: Pod, client: KubeClient): Promise<string> {
  if (!spec?.runtimeClassName) return '';
  return (await client.get(resources.runtimeClasses, { name: spec.runtimeClassName })).handler;
}

/** The runtime is not asked for user namespaces, and the pod's users must not be the machine's. */
function withoutUserNamespaces(handler: string): BerthError {
  const who = handler === '' ? 'runtime' : `RuntimeClass handler "${handler}"`;
  return new BerthError('BadRequest', `can't set \`spec.hostUsers: false\`, ${who} does not support user namespaces`);
}
