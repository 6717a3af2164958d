import type { Container } from '@berth/kube/objects';
import type { ContainerStatus, SandboxStatus } from '../runtime/types.ts';

/** A container as the runtime shows it, with the sandbox it is in. */
export interface ObservedContainer extends ContainerStatus {
  sandboxId: string;
  /** The resources that the runtime was told last; unknown of containers that an older agent made. */
  given?: NonNullable<Container['resources']>;
  /** It was ended so that another with other resources takes its place. */
  replaced?: true;
}

/** What the runtime has of one pod. */
export interface ObservedPod {
  /** Newest first. */
  sandboxes: SandboxStatus[];
  /** Every attempt of every container, newest first. */
  containers: ObservedContainer[];
}

export const newestOf = (observed: ObservedPod, name: string): ObservedContainer | undefined =>
  observed.containers.find((container) => container.name === name);

/** Labels and annotations by which an agent that was started anew knows its own (the names are kubelet's). */
export const marks = {
  /** Whose agent made it: a runtime may serve others too. */
  agent: 'berth.dev/agent',
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
  containerHash: 'io.kubernetes.container.hash',
  /** What it was given at its birth, as JSON. */
  resources: 'berth.dev/resources',
  restartCount: 'io.kubernetes.container.restartCount',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
};

/** The value of `marks.agent` of a node's agent. */
export const agentMark = (instance: string, nodeName: string): string => `${instance}.${nodeName}`.slice(0, 63);
