import { type AuditRecord, newAuditID, requestedOf } from '../audit/index.ts';
import type { Answer, CallVerb } from '../call.ts';
import { listParts } from '../http/encode.ts';
import type { Target } from '../http/route.ts';
import type { Pipeline } from '../pipeline.ts';
import type { User } from '../types.ts';

interface Asked {
  verb: CallVerb;
  target: Target;
  options: ReadonlyMap<string, string>;
  user: User;
}

/** Begins the record of a call within the process; undefined when nothing of it is wanted. */
export function beginRecord({ machinery }: Pipeline, { verb, target, options, user }: Asked): AuditRecord | undefined {
  return machinery.audit?.begin(requestedOf(target, verb, options, user), () => ({
    auditID: newAuditID(),
    requestURI: uriOf(target, verb, options),
    userAgent: 'berth',
    sourceIPs: ['127.0.0.1'],
  }));
}

/** The path that the call would have over HTTPS. */
function uriOf(target: Target, verb: CallVerb, options: ReadonlyMap<string, string>): string {
  const { group, version, namespace, resource, name, subresource } = target;
  const root = group === '' ? ['api', version] : ['apis', group, version];
  const within = namespace === '' ? [] : ['namespaces', namespace];
  const parts = [...root, ...within, resource, name, subresource].filter((part) => part !== '');
  const query = new URLSearchParams([...options, ...(verb === 'watch' ? [['watch', 'true'] as [string, string]] : [])]);
  return `/${parts.join('/')}${query.size === 0 ? '' : `?${query}`}`;
}

/** The status that it would have over HTTPS. */
export function codeOf(answer: Answer): number {
  return 'created' in answer && answer.created ? 201 : 200;
}

/** An answer as it would stand in a body. */
export function bytesOf(answer: Answer): Buffer | readonly Buffer[] {
  switch (answer.type) {
    case 'object':
    case 'deleted':
      return answer.object.bytes;
    case 'list':
      return listParts(answer.kind, answer.items, answer.meta);
    case 'value':
      return Buffer.from(JSON.stringify(answer.value));
    case 'watch':
      return [];
  }
}
