import { describe, expect, it } from 'vitest';
import type { Schema } from '../schema/types.ts';
import {
  type CelAuthorizationQuery,
  CelBudget,
  CelError,
  type CelType,
  celAuthorizer,
  celResourceCheck,
  celTypeOfSchema,
  celTypes,
  compile,
  escapeField,
  mutationTypes,
} from './index.ts';

const { bool, dyn, int, list, object, opaque, optional, string } = celTypes;

function evaluate(expression: string, variables: Record<string, CelType>, values: Record<string, unknown>): unknown {
  return compile(expression, { variables }).evaluate(values, new CelBudget());
}

describe('programs', () => {
  it('know the variables that they use, and what they give', () => {
    const program = compile('self.all(x, x > 0) && oldSelf.size() < 3', {
      variables: { self: list(int), oldSelf: list(int), unused: int },
    });
    expect([...program.uses]).toEqual(['self', 'oldSelf']);
    expect(program.returns).toEqual(bool);
  });

  it('must give what is asked for', () => {
    const variables = { self: int };
    const wanted = (expression: string, returns: CelType | CelType[]) => () =>
      compile(expression, { variables, returns });
    expect(wanted('self', bool)).toThrow('must evaluate to bool');
    expect(wanted('"a"', [bool, int])).toThrow('must evaluate to one of [bool int]');
    expect(wanted('dyn(self)', bool)).not.toThrow();
    expect(wanted('self > 1', bool)).not.toThrow();
  });

  it('show where they are wrong, on any line and in any script', () => {
    const message = (expression: string) => {
      try {
        compile(expression, { variables: { self: int } });
      } catch (error) {
        return error instanceof CelError ? error.message : String(error);
      }
      return 'compiled';
    };
    expect(message('self > 1 &&\n  other == 2')).toBe(
      "compilation failed: ERROR: <input>:2:3: undeclared reference to 'other' (in container '')\n |   other == 2\n | ..^",
    );
    expect(message("'ä☃' + self")).toBe(
      "compilation failed: ERROR: <input>:1:6: found no matching overload for '_+_' applied to '(string, int)'\n | 'ä☃' + self\n | .．．..^",
    );
  });

  it('give plain data', () => {
    const give = (expression: string) => evaluate(expression, {}, {});
    expect(give('1 + 1')).toBe(2);
    expect(give('9223372036854775807')).toBe(9223372036854775807n);
    expect(give('{"a": [1u], "b": [2u]}')).toEqual({ a: [1], b: [2] });
    expect(give('{1: type(1)}')).toEqual({ 1: 'int' });
    expect(give('{"list": [b"abc"]}')).toEqual({ list: ['YWJj'] });
    expect(give('timestamp("2024-01-01T00:00:00.5Z")')).toBe('2024-01-01T00:00:00.5Z');
    expect(give('duration("90m")')).toBe('5400s');
    expect(give('optional.none()')).toBeUndefined();
    expect(give('optional.of("x")')).toBe('x');
    expect(give('quantity("1024Ki")')).toBe('1Mi');
  });

  it('hand values to one another, and read only what they look at', () => {
    const reads: string[] = [];
    const big = compile('object.items.filter(i, i > 1)', { variables: { object: dyn } });
    const variables = {
      get big() {
        reads.push('big');
        return big.run({ object: { items: [1, 2, 3] } }, new CelBudget());
      },
      get broken(): unknown {
        reads.push('broken');
        throw new CelError('Evaluation', 'no such key: foo');
      },
    };
    const declared = { variables: object('kubernetes.variables', { big: list(dyn), broken: bool }) };
    expect(evaluate('variables.big.size() == 2 && variables.big[0] == 2', declared, { variables })).toBe(true);
    expect(reads).toEqual(['big']);
    expect(evaluate('variables.broken || true', declared, { variables })).toBe(true);
    expect(() => evaluate('variables.broken', declared, { variables })).toThrow('no such key: foo');
  });

  it('charge a budget that several share', () => {
    const program = compile('self.all(x, x > 0)', { variables: { self: list(int) } });
    const budget = new CelBudget(40);
    program.evaluate({ self: [1, 2, 3] }, budget);
    expect(budget.spent).toBe(17);
    program.evaluate({ self: [1, 2, 3] }, budget);
    expect(() => program.evaluate({ self: [1, 2, 3] }, budget)).toThrow('actual cost limit exceeded');
  });
});

describe('schemas as types', () => {
  const spec: Schema = {
    type: 'object',
    required: ['replicas'],
    properties: {
      replicas: { type: 'integer' },
      'max-surge': { 'x-kubernetes-int-or-string': true },
      namespace: { type: 'string' },
      since: { type: 'string', format: 'date-time' },
      within: { type: 'string', format: 'duration' },
      data: { type: 'string', format: 'byte' },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      any: { 'x-kubernetes-preserve-unknown-fields': true },
      template: {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        'x-kubernetes-preserve-unknown-fields': true,
      },
    },
  };
  const self = celTypeOfSchema(
    { type: 'object', properties: { spec, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } },
    { resourceRoot: true },
  ) as CelType;
  const resource = {
    apiVersion: 'example.com/v1',
    kind: 'Thing',
    metadata: { name: 'one', labels: { a: 'b' } },
    spec: {
      replicas: 3,
      'max-surge': '25%',
      namespace: 'ns',
      since: '2024-02-29T00:00:00Z',
      within: '1h',
      data: 'aGVsbG8=',
      labels: { app: 'web' },
      template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod' }, spec: {} },
    },
    status: { unknown: 1 },
  };
  const given = (expression: string) => evaluate(expression, { self }, { self: resource });

  it.each([
    ['self.metadata.name == "one" && self.kind == "Thing" && self.apiVersion == "example.com/v1"'],
    ['self.spec.replicas == 3'],
    ['self.spec.max__dash__surge == "25%"'],
    ['self.spec.__namespace__ == "ns" && self.spec.namespace == "ns"'],
    ['self.spec.since + self.spec.within == timestamp("2024-02-29T01:00:00Z")'],
    ['self.spec.data == b"hello"'],
    ['self.spec.labels.all(k, v, k == "app" && v == "web")'],
    ['self.spec.template.kind == "Pod" && self.spec.template.metadata.name == "pod"'],
    ['!has(self.metadata.generateName)'],
  ])('are as Kubernetes types them: %s', (expression) => expect(given(expression)).toBe(true));

  it.each([
    ['self.metadata.labels', "undefined field 'labels'"],
    ['self.status.unknown', "undefined field 'unknown'"],
    ['self.spec.any', "undefined field 'any'"],
    ['self.spec.replicas == "3"', "found no matching overload for '_==_' applied to '(int, string)'"],
  ])('hide what no schema declares: %s', (expression, message) => {
    expect(() => compile(expression, { variables: { self } })).toThrow(message);
  });

  it('compare preserved fields that expressions cannot see', () => {
    const variables = { self, oldSelf: self };
    const same = (old: unknown) =>
      evaluate('self.status == oldSelf.status', variables, { self: resource, oldSelf: { ...resource, status: old } });
    expect(same({ unknown: 1 })).toBe(true);
    expect(same({ unknown: 2 })).toBe(false);
    expect(same({ unknown: 1, more: 1 })).toBe(false);
  });

  it('let an old value be absent', () => {
    const variables = { self: int, oldSelf: optional(int) };
    const rule = '!oldSelf.hasValue() || self >= oldSelf.value()';
    expect(evaluate(rule, variables, { self: 1, oldSelf: undefined })).toBe(true);
    expect(evaluate(rule, variables, { self: 1, oldSelf: 2 })).toBe(false);
    expect(evaluate('oldSelf.orValue(7)', variables, { self: 1 })).toBe(7);
  });

  it.each([
    ['namespace', '__namespace__'],
    ['a.b/c-d', 'a__dot__b__slash__c__dash__d'],
    ['a__b', 'a__underscores__b'],
    ['__proto__', '__underscores__proto__underscores__'],
    ['plain_1', 'plain_1'],
    ['1a', undefined],
    ['a b', undefined],
    ['', undefined],
  ])('escape %j as %j', (property, escaped) => expect(escapeField(property)).toBe(escaped));

  it('do not end where a schema holds itself', () => {
    const node: Schema = { type: 'object', properties: { name: { type: 'string' } } };
    node.properties = { ...node.properties, children: { type: 'array', items: node } };
    const tree = celTypeOfSchema(node) as CelType;
    const data = { name: 'a', children: [{ name: 'b', children: [] }] };
    expect(evaluate('self.children[0].name', { self: tree }, { self: data })).toBe('b');
  });
});

describe('the authorizer', () => {
  const variables = {
    authorizer: opaque('kubernetes.authorization.Authorizer'),
    'authorizer.requestResource': opaque('kubernetes.authorization.ResourceCheck'),
  };

  function ask(expression: string): { value: unknown; queries: CelAuthorizationQuery[] } {
    const queries: CelAuthorizationQuery[] = [];
    const authorize = (query: CelAuthorizationQuery) => {
      queries.push(query);
      return query.verb === 'get' ? { allowed: true, reason: 'may read' } : { allowed: false, error: 'no answer' };
    };
    const values = {
      authorizer: celAuthorizer(authorize),
      'authorizer.requestResource': celResourceCheck(authorize, {
        group: '',
        resource: 'pods',
        namespace: 'ns',
        name: 'p',
      }),
    };
    return { value: evaluate(expression, variables, values), queries };
  }

  it('is asked for resources', () => {
    const expression =
      "authorizer.group('apps').resource('deployments').subresource('scale').namespace('ns').name('web').fieldSelector('a=b').labelSelector('c=d').check('get').allowed()";
    const resource = { group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'ns', name: 'web' };
    expect(ask(expression)).toEqual({
      value: true,
      queries: [{ verb: 'get', resource: { ...resource, fieldSelector: 'a=b', labelSelector: 'c=d' } }],
    });
  });

  it('is asked for paths, and for service accounts', () => {
    expect(ask("authorizer.path('/healthz').check('get').reason()")).toEqual({
      value: 'may read',
      queries: [{ verb: 'get', path: '/healthz' }],
    });
    const { queries } = ask(
      "authorizer.serviceAccount('ns', 'default').group('').resource('pods').check('list').errored()",
    );
    expect(queries[0]?.serviceAccount).toEqual({ namespace: 'ns', name: 'default' });
  });

  it('knows the resource of the request', () => {
    const { value, queries } = ask("authorizer.requestResource.check('delete').error()");
    expect(value).toBe('no answer');
    expect(queries[0]?.resource).toMatchObject({ group: '', resource: 'pods', namespace: 'ns', name: 'p' });
  });

  it('is too dear to be asked three times', () => {
    const check = "authorizer.path('/').check('get').allowed()";
    expect(ask(`${check} && ${check}`).value).toBe(true);
    expect(() => ask(`${check} && ${check} && ${check}`)).toThrow('actual cost limit exceeded');
  });
});

describe('mutations', () => {
  const build = (expression: string) =>
    compile(expression, { variables: { object: dyn }, constructible: mutationTypes }).evaluate(
      { object: { metadata: { name: 'x' } } },
      new CelBudget(),
    );

  it('build objects and patches', () => {
    expect(
      build('Object{spec: Object.spec{replicas: 3, name: object.metadata.name, ?absent: object.?absent}}'),
    ).toEqual({
      spec: { replicas: 3, name: 'x' },
    });
    expect(
      build('[JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("a/b~c"), value: "1"}]'),
    ).toEqual([{ op: 'add', path: '/metadata/labels/a~1b~0c', value: '1' }]);
  });

  it('refuse what is no patch', () => {
    expect(() => build('JSONPatch{opp: "add"}')).toThrow(
      "expected type of field 'opp' is '' but provided type is 'string'",
    );
    expect(() => build('JSONPatch{op: 1}')).toThrow(
      "expected type of field 'op' is 'string' but provided type is 'int'",
    );
    expect(() => compile('Object{}', { variables: {} })).toThrow("undeclared reference to 'Object'");
    expect(() => compile('jsonpatch.escapeKey("a")', { variables: {} })).toThrow("undeclared reference to 'jsonpatch'");
  });
});

describe('whatever a program is given', () => {
  it.each([
    ['a text where a timestamp is declared', 'self.getFullYear()', { kind: 'timestamp' } as CelType, 'not a time'],
    ['a list where an object is declared', 'self.a == 1', object('t', { a: int }), [1]],
    ['a text where a list is declared', 'self.all(x, x == "")', list(string), 'text'],
    ['nothing at all', 'self + 1', int, undefined],
    ['null', 'self + 1', int, null],
  ])('%s is an error of the evaluation', (_, expression, type, self) => {
    expect(() => evaluate(expression, { self: type }, { self })).toThrow(CelError);
  });
});
