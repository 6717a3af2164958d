import type { KubeObject } from '@berth/kube/objects';
import { timestamp } from '../verbs/time.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';

const fields = ['username', 'uid', 'groups', 'extra'] as const;

interface Condition {
  type: string;
  status: string;
  lastUpdateTime?: string;
  lastTransitionTime?: string;
}

/** Who asks for a certificate, and when that was decided, is written down by the server, not by who asks. */
export function certificateRequests(now: () => Date): AdmissionPlugin {
  return {
    name: 'CertificateRequests',
    resources: ['certificates.k8s.io/certificatesigningrequests'],
    complete(request) {
      if (request.operation === 'DELETE') return;
      nameAsker(request);
      if (request.subresource === 'approval' || request.subresource === 'status') dateConditions(request, now());
    },
  };
}

function nameAsker({ call, operation, object, old }: AdmissionRequest): void {
  const spec = object.spec as Record<string, unknown> | undefined;
  if (!spec) return;
  const { user } = call;
  const asker = { username: user.name, uid: user.uid, groups: user.groups, extra: user.extra };
  const truth = operation === 'CREATE' ? asker : ((old?.spec ?? {}) as Record<string, unknown>);
  for (const field of fields) {
    const value = truth[field];
    if (value === undefined) delete spec[field];
    else spec[field] = structuredClone(value);
  }
}

/** A condition that says nothing of when it came about did so now, or when it last changed. */
function dateConditions({ object, old }: AdmissionRequest, now: Date): void {
  const before = conditionsOf(old);
  for (const condition of conditionsOf(object)) {
    const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
    condition.lastUpdateTime ??= timestamp(now);
    condition.lastTransitionTime ??= same?.lastTransitionTime ?? timestamp(now);
  }
}

function conditionsOf(object: KubeObject | undefined): Condition[] {
  return (object?.status as { conditions?: Condition[] } | undefined)?.conditions ?? [];
}
