import type { KindDescription } from '../types.ts';
import { authentication, authorization } from './access.ts';
import { admissionregistration } from './admissionregistration.ts';
import { apps } from './apps.ts';
import { autoscaling } from './autoscaling.ts';
import { batch } from './batch.ts';
import { certificates } from './certificates.ts';
import { coordination } from './coordination.ts';
import { core } from './core.ts';
import { discovery } from './discovery.ts';
import { events } from './events.ts';
import { apiextensions, apiregistration } from './extensions.ts';
import { flowcontrol } from './flowcontrol.ts';
import { metrics } from './metrics.ts';
import { networking } from './networking.ts';
import { node } from './node.ts';
import { policy } from './policy.ts';
import { rbac } from './rbac.ts';
import { resource } from './resource.ts';
import { scheduling } from './scheduling.ts';
import { storage } from './storage.ts';

/**
 * Every built-in kind that a v1.35 API server serves by default, in the order of its discovery: groups by priority, the
 * preferred version of a group first. Last the metrics of nodes and pods.
 */
export const kinds: readonly KindDescription[] = [
  ...core,
  ...apiregistration,
  ...apps,
  ...events,
  ...authentication,
  ...authorization,
  ...autoscaling,
  ...batch,
  ...certificates,
  ...networking,
  ...policy,
  ...rbac,
  ...storage,
  ...admissionregistration,
  ...apiextensions,
  ...scheduling,
  ...coordination,
  ...node,
  ...discovery,
  ...resource,
  ...flowcontrol,
  ...metrics,
];
