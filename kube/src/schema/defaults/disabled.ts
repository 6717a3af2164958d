import type { KubeObject } from '../../objects/index.ts';
import { type Fields, part } from '../fields.ts';
import type { KindDescription } from '../types.ts';

/**
 * Takes away, in place, what a v1.35 cluster knows and has switched off: such a field is no mistake, and is not kept
 * unless what is replaced has it already. Source: the `drop…Disabled…` functions of Kubernetes' strategies.
 */
export function dropDisabled({ group, kind }: KindDescription, object: KubeObject, old?: KubeObject): KubeObject {
  const [spec, before] = [podSpecOf(kind, object), podSpecOf(kind, old)];
  // GenericWorkload
  if (spec !== undefined && before?.workloadRef === undefined) delete spec.workloadRef;
  // MaxUnavailableStatefulSet
  if (group === 'apps' && kind === 'StatefulSet') {
    const rolling = rollingUpdate(object);
    if (rolling !== undefined && rollingUpdate(old)?.maxUnavailable === undefined) delete rolling.maxUnavailable;
  }
  // DynamicKubeletConfig, which is gone
  if (group === '' && kind === 'Node') {
    const node = part(object, 'spec');
    if (node !== undefined && part(old, 'spec')?.configSource === undefined) delete node.configSource;
  }
  return object;
}

const rollingUpdate = (set: Fields | undefined) => below(set, ['spec', 'updateStrategy', 'rollingUpdate']);

const podSpecs: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec'],
  PodTemplate: ['template', 'spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  ...Object.fromEntries(
    ['ReplicationController', 'Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job'].map((kind) => [
      kind,
      ['spec', 'template', 'spec'],
    ]),
  ),
};

function podSpecOf(kind: string, object: Fields | undefined): Fields | undefined {
  return Object.hasOwn(podSpecs, kind) ? below(object, podSpecs[kind] ?? []) : undefined;
}

function below(object: Fields | undefined, path: readonly string[]): Fields | undefined {
  return path.reduce<Fields | undefined>((value, field) => part(value, field), object);
}
