import {
  type Control,
  contextOf,
  type Judge,
  namesWhere,
  podContext,
  setters,
  those,
  unlessOwnUsers,
} from '../control.ts';

/** As whom a container's processes run. */

const nonRoot: Judge = (pod) => {
  const reason = 'runAsNonRoot != true';
  const ofPod = podContext(pod).runAsNonRoot;
  const explicit = namesWhere(pod, (container) => contextOf(container).runAsNonRoot === false);
  const who = setters(ofPod === false, explicit);
  if (who !== undefined) return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` };
  const silent = ofPod === true ? [] : namesWhere(pod, (container) => contextOf(container).runAsNonRoot === undefined);
  if (silent.length === 0) return undefined;
  return { reason, detail: `pod or ${those('container', silent)} must set securityContext.runAsNonRoot=true` };
};

export const runAsNonRoot: Control = {
  id: 'runAsNonRoot',
  level: 'restricted',
  versions: [
    { since: 0, judge: nonRoot },
    { since: 35, judge: unlessOwnUsers(nonRoot) },
  ],
};

const notZero: Judge = (pod) => {
  const containers = namesWhere(pod, (container) => contextOf(container).runAsUser === 0);
  const who = setters(podContext(pod).runAsUser === 0, containers);
  return who === undefined ? undefined : { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` };
};

export const runAsUser: Control = {
  id: 'runAsUser',
  level: 'restricted',
  versions: [
    { since: 23, judge: notZero },
    { since: 35, judge: unlessOwnUsers(notZero) },
  ],
};
