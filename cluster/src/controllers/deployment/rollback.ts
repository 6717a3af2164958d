import { type Deployment, resources } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { annotationsBackFrom, revisionOf, rollbackAnnotation } from './annotations.ts';
import { allSets, hashLabel, type Plan, templateKey } from './plan.ts';
import { syncRevision } from './revision.ts';

/** The revision that the Deployment is asked to go back to: 0 for the last but one; undefined when it is not asked. */
export function rollbackRevision({ metadata }: Deployment): bigint | undefined {
  const text = metadata.annotations?.[rollbackAnnotation];
  return text !== undefined && /^-?\d+$/.test(text) ? BigInt(text) : undefined;
}

/** Takes the template of that revision up again, and the wish off the Deployment: whether it could be fulfilled is told by an event. */
export function rollBack(plan: Plan, wanted: bigint): void {
  syncRevision(plan, true);
  const { deployment } = plan;
  const { name } = deployment.metadata;
  const revision = wanted === 0n ? lastButOne(plan) : wanted;
  const set = revision === undefined ? undefined : allSets(plan).find((each) => revisionOf(each) === revision);
  if (!set) {
    const what = revision === undefined ? 'last revision' : 'the revision to rollback to';
    write(plan, deployment, event(plan, 'Warning', 'DeploymentRollbackRevisionNotFound', `Unable to find ${what}.`));
  } else if (templateKey(set) === templateKey(deployment)) {
    const message = `The rollback revision contains the same template as current deployment "${name}"`;
    write(plan, deployment, event(plan, 'Warning', 'DeploymentRollbackTemplateUnchanged', message));
  } else {
    const { template = {} } = set.spec ?? {};
    const { [hashLabel]: _, ...labels } = template.metadata?.labels ?? {};
    const annotations = annotationsBackFrom(set, deployment.metadata.annotations ?? {});
    const back = {
      ...deployment,
      metadata: { ...deployment.metadata, annotations },
      spec: { ...deployment.spec, template: { ...template, metadata: { ...template.metadata, labels } } },
    } as Deployment;
    const message = `Rolled back deployment "${name}" to revision ${revision}`;
    write(plan, back, event(plan, 'Normal', 'DeploymentRollback', message));
  }
}

function lastButOne(plan: Plan): bigint | undefined {
  const revisions = allSets(plan)
    .map(revisionOf)
    .sort((a, b) => Number(b - a));
  return revisions[1] || undefined;
}

function write(plan: Plan, deployment: Deployment, told: Action): void {
  const { [rollbackAnnotation]: _, ...annotations } = deployment.metadata.annotations ?? {};
  const object: Deployment = { ...deployment, metadata: { ...deployment.metadata, annotations } };
  plan.actions.push({ type: 'update', resource: resources.deployments, object }, told);
}

function event(plan: Plan, severity: 'Normal' | 'Warning', reason: string, message: string): Action {
  return { type: 'event', about: plan.deployment, severity, reason, message };
}
