import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BerthError, isBerthError } from '../../errors/index.ts';
import { decodeObject, type KindDescription, kindForObject, kinds } from '../index.ts';

function kind(apiVersion: string, name: string): KindDescription {
  const found = kindForObject(apiVersion, name);
  if (found === undefined) throw new Error(`no kind ${name}`);
  return found;
}

const deployment = kind('apps/v1', 'Deployment');
const pod = kind('v1', 'Pod');

function refusal(of: KindDescription, value: unknown): string {
  try {
    decodeObject(of, value, { mode: 'Warn' });
  } catch (error) {
    expect(error).toBeInstanceOf(BerthError);
    expect((error as BerthError).code).toBe('BadRequest');
    return (error as BerthError).message;
  }
  throw new Error('was not refused');
}

describe('decoding', () => {
  it('keeps what it knows, and names what it does not', () => {
    const value = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a', labels: { a: 'b' }, nonsense: 1 },
      spec: { replicas: 2, foo: 1, template: { spec: { containers: [{ name: 'a', image: 'b', imagee: 'c' }] } } },
    };
    const { object, warnings } = decodeObject(deployment, value, { mode: 'Warn' });
    expect(warnings).toEqual([
      'unknown field "metadata.nonsense"',
      'unknown field "spec.foo"',
      'unknown field "spec.template.spec.containers[0].imagee"',
    ]);
    expect(object).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a', labels: { a: 'b' } },
      spec: {
        replicas: 2,
        strategy: {},
        template: { metadata: {}, spec: { containers: [{ name: 'a', image: 'b', resources: {} }] } },
      },
      status: {},
    });
    expect(decodeObject(deployment, value, { mode: 'Ignore' }).warnings).toEqual([]);
    expect(() => decodeObject(deployment, value, { mode: 'Strict' })).toThrow(
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "metadata.nonsense", unknown field "spec.foo"',
    );
  });

  it.each([
    [
      { spec: { replicas: 'two' } },
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      { spec: { replicas: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [{ spec: { replicas: 2 ** 31 } }, 'cannot unmarshal number 2147483648 into'],
    [{ spec: 'x' }, 'json: cannot unmarshal string into Go struct field Deployment.spec of type v1.DeploymentSpec'],
    [
      { metadata: { labels: { a: 1 } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      { metadata: { labels: [] } },
      'json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string',
    ],
    [
      { spec: { template: { spec: { containers: [{ env: [{ value: 5 }] }] } } } },
      'json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string',
    ],
    [
      { spec: { template: { spec: { containers: {} } } } },
      'into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container',
    ],
    [{ spec: { paused: 'yes' } }, 'of type bool'],
    [
      { spec: { template: { spec: { containers: [{ resources: { limits: { cpu: 'lots' } } }] } } } },
      'quantities must match the regular expression',
    ],
    [{ metadata: { creationTimestamp: 'yesterday' } }, 'parsing time "yesterday"'],
    [[], 'json: cannot unmarshal array into Go value of type v1.Deployment'],
    ['x', 'json: cannot unmarshal string into Go value of type v1.Deployment'],
  ])('refuses %j', (value, message) => expect(refusal(deployment, value)).toContain(message));

  it('refuses bytes that are not base64', () => {
    expect(refusal(kind('v1', 'Secret'), { data: { a: 'a b' } })).toContain('illegal base64 data at input byte 1');
  });

  it('takes null and empty for absent where Kubernetes does', () => {
    const { object } = decodeObject(
      pod,
      {
        metadata: { name: 'a', creationTimestamp: null, labels: {} },
        spec: {
          containers: [{ name: 'c', args: [], command: null, env: [{ name: 'E', value: '' }] }],
          volumes: [{ name: 'v', emptyDir: {} }],
        },
      },
      { mode: 'Strict' },
    );
    expect(object).toEqual({
      metadata: { name: 'a' },
      spec: {
        containers: [{ name: 'c', env: [{ name: 'E' }], resources: {} }],
        volumes: [{ name: 'v', emptyDir: {} }],
      },
      status: {},
    });
  });

  it('writes quantities in their canonical form', () => {
    const limits = { cpu: 0.5, memory: '1024Mi', 'example.com/gpu': '1000m' };
    const { object } = decodeObject(
      pod,
      { spec: { containers: [{ name: 'c', resources: { limits } }] } },
      { mode: 'Strict' },
    );
    expect(object.spec).toMatchObject({
      containers: [{ resources: { limits: { cpu: '500m', memory: '1Gi', 'example.com/gpu': '1' } } }],
    });
  });

  it('takes dangerous keys for data', () => {
    const body = JSON.parse(
      '{"metadata":{"name":"a"},"data":{"__proto__":"p","constructor":"c","toString":"t"},"__proto__":{"x":1},"constructor":1}',
    );
    const { object, warnings } = decodeObject(kind('v1', 'ConfigMap'), body, { mode: 'Warn' });
    expect(JSON.stringify(object.data)).toBe('{"__proto__":"p","constructor":"c","toString":"t"}');
    expect(Object.getPrototypeOf(object.data)).toBe(Object.prototype);
    expect(warnings).toEqual(['unknown field "__proto__"', 'unknown field "constructor"']);
  });

  it('keeps free-form parts whole and apart from the input', () => {
    const data = { spec: { template: { anything: [1, null, { x: true }] } } };
    const revision = decodeObject(kind('apps/v1', 'ControllerRevision'), { data, revision: 1 }, { mode: 'Strict' });
    expect(revision.object.data).toEqual(data);
    expect(revision.object.data).not.toBe(data);
  });

  it('has a schema for every kind', () => {
    for (const each of kinds) expect(decodeObject(each, {}, { mode: 'Strict' }).object, each.kind).toBeDefined();
  });

  it('never fails otherwise than with BadRequest, and decodes its own output to itself', () => {
    const keys = fc.constantFrom('metadata', 'spec', 'containers', 'name', 'labels', 'template', 'x', '__proto__');
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 6 },
        leaf,
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(keys, tie('node'), { maxKeys: 4 }),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (value) => {
        try {
          const { object } = decodeObject(pod, value, { mode: 'Warn' });
          expect(decodeObject(pod, object, { mode: 'Strict' }).object).toEqual(object);
        } catch (error) {
          if (!isBerthError(error, 'BadRequest')) throw error;
        }
      }),
    );
  });
});
