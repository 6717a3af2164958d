import { apiVersionOf, type KubeObject } from '@berth/kube/objects';
import { decodeDefinition } from '@berth/kube/schema';
import { type Call, isDryRun, subresourceName } from '../call.ts';
import type { Machinery } from '../machinery.ts';
import { Admission, type AdmissionRequest, settle, type ValueShape } from './admission.ts';

/** What is sent and not stored as it is, with what it replaces where it replaces something. */
export interface Sent {
  operation: AdmissionRequest['operation'];
  object: KubeObject;
  old?: KubeObject;
}

/**
 * Takes something that is not stored as it was sent (a scale, an eviction, a token request, the options of an exec)
 * through admission; answers what it is afterwards. Throws what refuses it.
 */
export async function admitted({ admission }: Machinery, call: Call, sent: Sent): Promise<KubeObject> {
  const { operation, object, old } = sent;
  const shape = shapeOf(call);
  const request: AdmissionRequest = {
    operation,
    call,
    subresource: subresourceName(call),
    name: call.name,
    namespace: call.namespace,
    object,
    old,
    dryRun: isDryRun(call),
    settled: [],
    ...(shape ? { shape } : {}),
  };
  let kept = false;
  try {
    await admission.admit(request);
    await admission.check(request);
    kept = true;
    return request.object;
  } finally {
    settle(request, kept);
  }
}

const nobody = new Admission([]);

/** The same machinery for the write that carries out what was admitted already, in another form. */
export function withoutAdmission(machinery: Machinery): Machinery {
  return { ...machinery, admission: nobody };
}

/** The definitions of what subresources are sent, by `group/kind`. */
const definitions: Readonly<Record<string, string>> = {
  'autoscaling/Scale': 'io.k8s.api.autoscaling.v1.Scale',
  'policy/Eviction': 'io.k8s.api.policy.v1.Eviction',
  '/Binding': 'io.k8s.api.core.v1.Binding',
  'authentication.k8s.io/TokenRequest': 'io.k8s.api.authentication.v1.TokenRequest',
};

/** What a subresource is sent, where that is not the object itself. */
function shapeOf({ subresource }: Call): ValueShape | undefined {
  if (!subresource?.kind) return undefined;
  const { group, version, kind } = subresource.kind;
  const apiVersion = apiVersionOf({ group, version });
  const definition = definitions[`${group}/${kind}`];
  return {
    group,
    version,
    kind,
    decode(value) {
      const { object } = definition
        ? decodeDefinition(definition, value, { mode: 'Ignore' })
        : { object: structuredClone(value) as object };
      return { ...object, apiVersion, kind } as unknown as KubeObject;
    },
  };
}
