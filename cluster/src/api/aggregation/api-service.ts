import type { KubeObject, Resource } from '@berth/kube/objects';
import { resourcePrefix } from '../storage/keys.ts';

/** `apiregistration.k8s.io/v1` APIService: who serves the kinds of a group in a version. */
export interface ApiService extends KubeObject {
  spec: {
    /** Absent for the core group. */
    group?: string;
    version: string;
    groupPriorityMinimum: number;
    versionPriority: number;
    /** Absent for what this server serves itself. */
    service?: { namespace: string; name: string; port?: number };
    /** PEM in base64. */
    caBundle?: string;
    insecureSkipTLSVerify?: boolean;
  };
  status?: { conditions?: readonly Condition[] };
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export const apiServices: Resource<ApiService> = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  resource: 'apiservices',
  kind: 'APIService',
  namespaced: false,
};

export const apiServicesPrefix = resourcePrefix(apiServices.group, apiServices.resource);

export function asApiService(object: KubeObject): ApiService {
  return object as unknown as ApiService;
}

export function groupVersionOf({ spec }: Pick<ApiService, 'spec'>): string {
  return `${spec.group ?? ''}/${spec.version}`;
}

export function availableCondition({ status }: Pick<ApiService, 'status'>): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Available');
}

/** The conditions with `Available` as it is now; undefined when it has been so before. */
export function withAvailable(
  apiService: ApiService,
  wanted: { status: 'True' | 'False'; reason: string; message: string },
  now: string,
): Condition[] | undefined {
  const before = availableCondition(apiService);
  if (before?.status === wanted.status && before.reason === wanted.reason && before.message === wanted.message) {
    return undefined;
  }
  const lastTransitionTime = before?.status === wanted.status ? (before.lastTransitionTime ?? now) : now;
  const others = (apiService.status?.conditions ?? []).filter(({ type }) => type !== 'Available');
  return [...others, { type: 'Available', ...wanted, lastTransitionTime }];
}
