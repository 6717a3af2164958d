import { apiVersionOf, type KubeObject } from '@berth/kube/objects';
import type { Call } from '../call.ts';
import { badRequest } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { admitted } from './values.ts';

type FieldType = 'text' | 'flag' | 'texts' | 'numbers';

/** The fields of what opens a connection, by the kind that the subresource names; all of them stand in the query. */
const options: Readonly<Record<string, Readonly<Record<string, FieldType>>>> = {
  PodExecOptions: {
    stdin: 'flag',
    stdout: 'flag',
    stderr: 'flag',
    tty: 'flag',
    container: 'text',
    command: 'texts',
  },
  PodAttachOptions: { stdin: 'flag', stdout: 'flag', stderr: 'flag', tty: 'flag', container: 'text' },
  PodPortForwardOptions: { ports: 'numbers' },
  PodProxyOptions: { path: 'text' },
  ServiceProxyOptions: { path: 'text' },
  NodeProxyOptions: { path: 'text' },
};

/**
 * Takes a request for a connection (exec, attach, portforward, proxy) through admission as operation CONNECT; answers
 * the query as it is afterwards, since the options may be changed like any object. To be called after authorization
 * and before anything is opened. `further` are options that stand in the path: a proxy's.
 */
export async function admitConnection(
  machinery: Machinery,
  call: Call,
  query: URLSearchParams,
  further: { path?: string } = {},
): Promise<URLSearchParams> {
  const kind = call.subresource?.kind;
  const fields = kind && options[kind.kind];
  if (!kind || !fields)
    throw badRequest(`${call.subresource?.name ?? call.kind.description.resource} takes no connection`);
  const object: Record<string, unknown> = { kind: kind.kind, apiVersion: apiVersionOf(kind), ...further };
  for (const [name, type] of Object.entries(fields)) {
    const values = query.getAll(name);
    if (values.length > 0) object[name] = read(values, type);
  }
  const next = await admitted(machinery, call, { operation: 'CONNECT', object: object as unknown as KubeObject });
  const left = new URLSearchParams(query);
  for (const name of Object.keys(fields)) {
    const value = (next as unknown as Record<string, unknown>)[name];
    left.delete(name);
    for (const one of Array.isArray(value) ? value : [value ?? []].flat()) left.append(name, String(one));
  }
  return left;
}

function read(values: readonly string[], type: FieldType): unknown {
  const [first = ''] = values;
  switch (type) {
    case 'flag':
      return first === 'true' || first === '1' || first === '';
    case 'numbers':
      return values.flatMap((value) => value.split(',')).map(Number);
    case 'texts':
      return [...values];
    default:
      return first;
  }
}
