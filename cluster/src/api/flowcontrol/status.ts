import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import type { Logger } from 'pino';
import { type FlowSchema, schemaResource } from './types.ts';

const type = 'Dangling';
const fieldManager = 'api-priority-and-fairness-config-consumer-v1';

/** Says in a schema's status whether its level is there, unless it says so already. */
export function keepStatus(
  { metadata: { name }, apiVersion, kind, spec, status }: FlowSchema,
  isFound: boolean,
  { client, now, logger }: { client: KubeClient; now: () => Date; logger: Logger },
): void {
  const { name: level } = spec.priorityLevelConfiguration;
  const object = `the PriorityLevelConfiguration object named ${JSON.stringify(level)}`;
  const wanted = {
    type,
    status: isFound ? 'False' : 'True',
    reason: isFound ? 'Found' : 'NotFound',
    message: `This FlowSchema references ${object} ${isFound ? 'and it exists' : 'but there is no such object'}`,
  };
  const said = status?.conditions?.find((condition) => condition.type === type);
  if (said?.status === wanted.status && said.reason === wanted.reason && said.message === wanted.message) return;
  const condition = { ...wanted, lastTransitionTime: `${now().toISOString().slice(0, 19)}Z` };
  const applied = {
    apiVersion,
    kind,
    metadata: { name },
    status: { conditions: [condition] },
  } as unknown as FlowSchema;
  client.apply(schemaResource, applied, { fieldManager, force: true, subresource: 'status' }).catch((error) => {
    // It is gone, or will be looked at again when it changes.
    if (!isBerthError(error, 'NotFound'))
      logger.warn({ err: error, schema: name }, 'a flow schema’s status is not kept');
  });
}
