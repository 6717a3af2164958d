import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBerthError } from '../errors/index.ts';
import { builtInCatalogue } from '../schema/index.ts';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch } from './index.ts';

const catalogue = builtInCatalogue();
const strategic = (definition: string, original: object, patch: unknown) =>
  applyStrategicMergePatch({ $ref: `io.k8s.api.${definition}` }, catalogue, original, patch);
const schemaOf = (definition: string) => catalogue.resolve({ $ref: `io.k8s.api.${definition}` });

/** RFC 6902, appendix A: document, patch, and the result where there is one. */
const rfc6902: [string, unknown, unknown, unknown?][] = [
  ['A.1', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { baz: 'qux', foo: 'bar' }],
  ['A.2', { foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
  ['A.3', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
  ['A.4', { foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
  ['A.5', { baz: 'qux', foo: 'bar' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo', foo: 'bar' }],
  [
    'A.6',
    { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
    [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
    { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
  ],
  [
    'A.7',
    { foo: ['all', 'grass', 'cows', 'eat'] },
    [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
    { foo: ['all', 'cows', 'eat', 'grass'] },
  ],
  [
    'A.8',
    { baz: 'qux', foo: ['a', 2, 'c'] },
    [
      { op: 'test', path: '/baz', value: 'qux' },
      { op: 'test', path: '/foo/1', value: 2 },
    ],
    { baz: 'qux', foo: ['a', 2, 'c'] },
  ],
  ['A.9', { baz: 'qux' }, [{ op: 'test', path: '/baz', value: 'bar' }]],
  [
    'A.10',
    { foo: 'bar' },
    [{ op: 'add', path: '/child', value: { grandchild: {} } }],
    { foo: 'bar', child: { grandchild: {} } },
  ],
  ['A.11', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux', xyz: 123 }], { foo: 'bar', baz: 'qux' }],
  ['A.12', { foo: 'bar' }, [{ op: 'add', path: '/baz/bat', value: 'qux' }]],
  ['A.14', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
  ['A.15', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: '10' }]],
  ['A.16', { foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }], { foo: ['bar', ['abc', 'def']] }],
];

describe('JSON patch', () => {
  it.each(rfc6902)('does RFC 6902 %s', (_name, document, patch, result) => {
    const before = structuredClone(document);
    if (result === undefined) expect(() => applyJsonPatch(document, patch)).toThrow('the server rejected our request');
    else expect(applyJsonPatch(document, patch)).toEqual(result);
    expect(document).toEqual(before);
  });

  it('does all or nothing, and answers 422 for a failed test', () => {
    const patch = [
      { op: 'replace', path: '/a', value: 2 },
      { op: 'test', path: '/a', value: 3 },
    ];
    try {
      applyJsonPatch({ a: 1 }, patch);
      expect.unreachable();
    } catch (error) {
      expect(isBerthError(error, 'Invalid')).toBe(true);
    }
  });

  it.each([{}, 'x', [1], [{ op: 1, path: '/a' }], [{ op: 'add', path: 1 }]])(
    'refuses the malformed patch %j with BadRequest',
    (patch) => {
      try {
        applyJsonPatch({}, patch);
        expect.unreachable();
      } catch (error) {
        expect(isBerthError(error, 'BadRequest')).toBe(true);
      }
    },
  );

  it('does not reach prototypes, and stops patches that copy without end', () => {
    const patched = applyJsonPatch({} as Record<string, unknown>, [{ op: 'add', path: '/__proto__', value: { x: 1 } }]);
    expect(Object.keys(patched)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
    expect(() => applyJsonPatch({}, [{ op: 'add', path: '/constructor/prototype/y', value: 1 }])).toThrow();
    const doubling = Array.from({ length: 60 }, (_, index) => ({ op: 'copy', from: '', path: `/a${index}` }));
    expect(() => applyJsonPatch({ text: 'x'.repeat(1000) }, doubling)).toThrow('the server rejected our request');
    expect(() => applyJsonPatch({}, Array(10_001).fill({ op: 'test', path: '/a', value: null }))).toThrow(
      'The allowed maximum operations in a JSON patch is 10000, got 10001',
    );
  });
});

describe('merge patch', () => {
  /** RFC 7386, appendix A, as far as the document and the patch are objects. */
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (document, patch, result) => {
    const before = structuredClone(document);
    expect(applyMergePatch(document, patch)).toEqual(result);
    expect(document).toEqual(before);
  });

  it('refuses what is not an object', () => {
    expect(() => applyMergePatch({}, null)).toThrow('Invalid JSON Patch');
    for (const [patch, type] of [
      [[], 'array'],
      ['x', 'string'],
      [1, 'number'],
      [true, 'bool'],
    ] as const) {
      const said = `error decoding patch: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`;
      expect(() => applyMergePatch({}, patch)).toThrow(said);
    }
  });
});

describe('strategic merge patch', () => {
  const pod = {
    metadata: { name: 'p', finalizers: ['a/x', 'b/y'] },
    spec: {
      containers: [
        { name: 'one', image: 'i:1', env: [{ name: 'A', value: '1' }], args: ['x'] },
        { name: 'two', image: 'i:2' },
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
      tolerations: [{ key: 'a' }],
    },
  };
  const patched = (patch: unknown) => strategic('core.v1.Pod', pod, patch) as typeof pod & Record<string, unknown>;

  it('merges lists by their key, appends new elements and replaces atomic lists', () => {
    const result = patched({
      spec: {
        containers: [
          { name: 'two', image: 'i:3', args: ['y'] },
          { name: 'three', image: 'i:4' },
        ],
        tolerations: [{ key: 'b' }],
      },
    });
    expect(result.spec.containers).toEqual([
      pod.spec.containers[0],
      { name: 'two', image: 'i:3', args: ['y'] },
      { name: 'three', image: 'i:4' },
    ]);
    expect(result.spec.tolerations).toEqual([{ key: 'b' }]);
  });

  it('merges deeper lists too, and leaves the original alone', () => {
    const before = structuredClone(pod);
    const result = patched({
      spec: {
        containers: [
          {
            name: 'one',
            env: [
              { name: 'B', value: '2' },
              { name: 'A', $patch: 'delete' },
            ],
          },
        ],
      },
    });
    expect(result.spec.containers[0]).toEqual({
      name: 'one',
      image: 'i:1',
      env: [{ name: 'B', value: '2' }],
      args: ['x'],
    });
    expect(pod).toEqual(before);
  });

  it('deletes, replaces and merges by directive', () => {
    expect(patched({ spec: { containers: [{ name: 'one', $patch: 'delete' }] } }).spec.containers).toEqual([
      { name: 'two', image: 'i:2' },
    ]);
    expect(patched({ spec: { containers: [{ $patch: 'replace' }, { name: 'new' }] } }).spec.containers).toEqual([
      { name: 'new' },
    ]);
    expect(patched({ spec: { $patch: 'replace', nodeName: 'n' } }).spec).toEqual({ nodeName: 'n' });
    expect(patched({ metadata: { $patch: 'delete' } }).metadata).toEqual({});
  });

  it('removes fields by null', () => {
    expect(patched({ spec: { volumes: null } }).spec).not.toHaveProperty('volumes');
  });

  it('merges lists of primitives, deletes from them, and orders', () => {
    expect(patched({ metadata: { finalizers: ['c/z', 'a/x'] } }).metadata.finalizers).toEqual(['c/z', 'a/x', 'b/y']);
    const result = patched({
      metadata: {
        '$deleteFromPrimitiveList/finalizers': ['b/y'],
        '$setElementOrder/finalizers': ['c/z', 'a/x'],
        finalizers: ['c/z'],
      },
    });
    expect(result.metadata.finalizers).toEqual(['c/z', 'a/x']);
    expect(result.metadata).not.toHaveProperty(['$setElementOrder/finalizers']);
  });

  it('keeps the elements that the order does not name in their place', () => {
    const original = { spec: { containers: ['a', 'b', 'c', 'd'].map((name) => ({ name })) } };
    const order = ['d', 'b', 'new'].map((name) => ({ name }));
    const result = strategic('core.v1.Pod', original, {
      spec: { '$setElementOrder/containers': order, containers: [{ name: 'new' }] },
    }) as typeof original;
    expect(result.spec.containers.map(({ name }) => name)).toEqual(['a', 'c', 'd', 'b', 'new']);
  });

  it('retains only what it is told to', () => {
    const result = strategic(
      'apps.v1.Deployment',
      { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } },
      { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
    );
    expect(result).toEqual({ spec: { strategy: { type: 'Recreate' } } });
    const volume = patched({
      spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/' } }] },
    });
    expect(volume.spec.volumes).toEqual([{ name: 'v', hostPath: { path: '/' } }]);
  });

  it('takes new parts without their directives', () => {
    const result = strategic(
      'core.v1.Pod',
      {},
      {
        spec: {
          containers: [
            { name: 'a', $patch: 'delete' },
            { name: 'b', env: null, ports: [{ containerPort: 1 }] },
          ],
        },
      },
    );
    expect(result).toEqual({ spec: { containers: [{ name: 'b', ports: [{ containerPort: 1 }] }] } });
  });

  it.each([
    [
      { spec: { containers: [{ image: 'x', tty: true }] } },
      'InternalError',
      'map: map[image:x tty:true] does not contain declared merge key: name',
    ],
    [{ spec: { $patch: 'explode' } }, 'InternalError', 'unknown patch type: explode in map: map[$patch:explode]'],
    [{ spec: { $patch: 'merge' } }, 'InternalError', 'unknown patch type: merge in map: map[$patch:merge]'],
    [{ spec: { containers: [['x']] } }, 'InternalError', 'list element types are not identical'],
    [{ spec: { $retainKeys: 'x' } }, 'BadRequest', 'retainKeys'],
    [{ spec: { $retainKeys: ['a'], b: 1 } }, 'BadRequest', 'retainKeys'],
    [
      { metadata: { '$setElementOrder/finalizers': 'x' } },
      'InternalError',
      'expected a []interface {}, but received a string',
    ],
    [[], 'BadRequest', 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
  ] as const)('refuses %j', (patch, code, message) => {
    try {
      patched(patch);
      expect.unreachable();
    } catch (error) {
      expect(isBerthError(error, code)).toBe(true);
      expect((error as Error).message).toContain(message);
    }
  });

  it('never fails otherwise than with a BerthError, and a patch applied twice is applied once', () => {
    const keys = fc.constantFrom(
      'metadata',
      'spec',
      'containers',
      'name',
      'labels',
      'finalizers',
      '$patch',
      '$retainKeys',
      '$setElementOrder/containers',
      '$deleteFromPrimitiveList/finalizers',
      '__proto__',
      'constructor',
    );
    const leaf = fc.oneof(fc.constantFrom('a', 'b', 'delete', 'replace', 'merge'), fc.integer(), fc.constant(null));
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(keys, tie('node'), { maxKeys: 4 }),
      ),
    })).node;
    const schema = schemaOf('core.v1.Pod');
    fc.assert(
      fc.property(tree, tree, (original, patch) => {
        try {
          const document = typeof original === 'object' && original !== null ? original : {};
          const first = applyStrategicMergePatch(schema, catalogue, document, patch);
          applyMergePatch(document, patch);
          applyJsonPatch(document, [patch]);
          expect(first).toBeDefined();
        } catch (error) {
          if (!isBerthError(error)) throw error;
        }
      }),
    );
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });

  it('takes lists as long as a body can hold', () => {
    // Comparing each element with each other one would take minutes.
    const names = Array.from({ length: 40_000 }, (_, at) => ({ name: `n${at}` }));
    const before = { spec: { containers: [{ name: 'c', env: names.map((each) => ({ ...each, value: 'old' })) }] } };
    const env = names.toReversed().map((each) => ({ ...each, value: 'new' }));
    const merged = strategic('core.v1.Pod', before, { spec: { containers: [{ name: 'c', env }] } });
    expect(merged).toEqual({ spec: { containers: [{ name: 'c', env }] } });
    const gone = names.slice(1).map((each) => ({ ...each, $patch: 'delete' }));
    expect(strategic('core.v1.Pod', before, { spec: { containers: [{ name: 'c', env: gone }] } })).toEqual({
      spec: { containers: [{ name: 'c', env: [{ name: 'n0', value: 'old' }] }] },
    });
    const finalizers = names.map(({ name }) => `x/${name}`);
    const patch = { metadata: { '$deleteFromPrimitiveList/finalizers': finalizers } };
    expect(strategic('core.v1.Pod', { metadata: { finalizers } }, patch)).toEqual({ metadata: { finalizers: [] } });
    expect(strategic('core.v1.Pod', { metadata: {} }, { metadata: { finalizers } })).toEqual({
      metadata: { finalizers },
    });
  });
});
