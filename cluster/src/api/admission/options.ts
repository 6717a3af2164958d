import type { AdmissionRequest } from './admission.ts';

const names = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
  CONNECT: undefined,
} as const;

/** The options of a request as webhooks and policies see them; undefined where there are none. */
export function operationOptions(request: AdmissionRequest): Record<string, unknown> | undefined {
  const { call, operation } = request;
  const kind = names[operation];
  if (kind === undefined) return undefined;
  const options: Record<string, unknown> = { kind, apiVersion: 'meta.k8s.io/v1', ...request.options };
  if (request.dryRun) options.dryRun = ['All'];
  if (operation === 'DELETE') return options;
  for (const name of ['fieldManager', 'fieldValidation']) {
    const value = call.options.get(name);
    if (value) options[name] = value;
  }
  return options;
}
