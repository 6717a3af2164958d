import { expect, test } from 'vitest';
import { kindForObject, validate } from '../index.ts';

const service = { namespace: 'a', name: 'b' };

function wrong(spec: object, name = 'v1.g.example.com'): string[] {
  const kind = kindForObject('apiregistration.k8s.io/v1', 'APIService');
  if (!kind) throw new Error('APIService is not known');
  const { group, version } = kind;
  const whole = { group: 'g.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 100, ...spec };
  const object = { apiVersion: `${group}/${version}`, kind: 'APIService', metadata: { name }, spec: whole };
  return validate(kind, object).map((cause) => `${cause.field}: ${cause.message}`);
}

test.each<[object, string[]]>([
  [{}, []],
  [{ service, insecureSkipTLSVerify: true }, []],
  [{ service: { ...service, port: 8443 }, caBundle: 'Yg==' }, []],
  [{ groupPriorityMinimum: 0 }, ['spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000']],
  [{ versionPriority: 1001 }, ['spec.versionPriority: Invalid value: 1001: must be positive and less than 1000']],
  [{ caBundle: 'Yg==' }, ['spec.caBundle: Invalid value: "1 bytes": local APIServices may not have a caBundle']],
  [
    { insecureSkipTLSVerify: true },
    ['spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify'],
  ],
  [{ service: { namespace: 'a' } }, ['spec.service.name: Required value']],
  [
    { service: { ...service, port: 70_000 } },
    ['spec.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive'],
  ],
  [
    { service, caBundle: 'Yg==', insecureSkipTLSVerify: true },
    ['spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present'],
  ],
])('an APIService of %j', (spec, causes) => {
  expect(wrong(spec)).toEqual(causes);
});

test('an APIService bears the name of its version and group', () => {
  expect(wrong({}, 'v2.other')).toEqual([
    'metadata.name: Invalid value: "v2.other": must be `spec.version+"."+spec.group`: "v1.g.example.com"',
  ]);
});
