import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, startBerth, until } from './harness/index.ts';

/** What `berth access` says is judged by what the API server then does. */
describe('berth access', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await startBerth({ args: ['--runtime', 'simulated', '--simulated-nodes', '1'] });
    await berth.kubectl('create', 'namespace', 'shop');
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  const access = (...args: string[]) => berth.berth('access', ...args);
  const as = (user: string, ...args: string[]) => berth.tryKubectl(['--as', user, '--as-group', 'makers', ...args]);

  it('prints the smallest roles that would have sufficed: with them all goes as before, and nothing else', async () => {
    const commands = [
      ['-n', 'shop', 'create', 'deployment', 'web', '--image', 'berth.local/web:1'],
      ['-n', 'shop', 'scale', 'deployment/web', '--replicas', '0'],
      ['-n', 'shop', 'get', 'pods', '-o', 'name'],
      ['-n', 'shop', 'create', 'rolebinding', 'viewers', '--clusterrole', 'view', '--user', 'vera'],
      ['-n', 'shop', 'delete', 'rolebinding', 'viewers'],
      ['-n', 'shop', 'delete', 'deployment', 'web', '--wait=false'],
      ['get', 'nodes'],
      ['get', '--raw', '/metrics'],
    ];
    const run = async (user: string) => {
      for (const command of commands) {
        const { status, stderr } = await as(user, ...command);
        expect([status, stderr, command]).toEqual([0, '', command]);
      }
    };
    await berth.kubectl('create', 'clusterrolebinding', 'carl', '--clusterrole', 'cluster-admin', '--user', 'carl');
    await run('carl');
    const minimal = await until('the requests in the audit log', async () => {
      const { stdout } = await access('minimal', 'carl');
      return stdout.includes('/metrics') ? stdout : undefined;
    });
    await berth.kubectl('delete', 'clusterrolebinding', 'carl');
    expect((await as('carl', 'get', 'nodes')).stderr).toMatch(/User "carl" cannot list resource "nodes"/);
    const applied = await berth.tryKubectl(['apply', '-f', '-'], minimal);
    expect([applied.status, applied.stderr]).toEqual([0, '']);
    await run('carl');
    for (const beyond of [
      ['get', 'secrets', '-n', 'shop'],
      ['get', 'pods', '-n', 'default'],
      ['delete', 'deployment', 'other', '-n', 'shop'],
      ['create', 'rolebinding', 'me', '--clusterrole', 'edit', '--user', 'carl', '-n', 'shop'],
    ]) {
      expect((await as('carl', ...beyond)).stderr).toMatch(/forbidden/);
    }
  });

  it('says why not, and what it says to do does it', async () => {
    const question = ['get', 'pods/web', '--subresource', 'log', '-n', 'shop'];
    const before = await access('why', 'dora', ...question);
    expect(before.status).toBe(1);
    expect(before.stdout).toMatch(/^no: dora may not get pods\/log "web" in namespace shop\n/);
    expect(before.stdout).toContain(
      'missing: verb "get" on resource "pods/log" of API group "" named "web" in namespace "shop"',
    );
    for (const [, command = ''] of before.stdout.matchAll(/^ {2}kubectl (create .*)$/gm)) {
      await berth.kubectl(...command.split(' '));
    }
    const after = await access('why', 'dora', ...question);
    expect([after.status, after.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^yes: dora .*\nby RoleBinding shop\/minimal-dora of Role minimal-dora, which allows get of web\n$/,
      ),
    ]);
    // Only this: not another pod's log, nor the pod.
    expect((await access('why', 'dora', 'get', 'pods/db', '--subresource', 'log', '-n', 'shop')).status).toBe(1);
    expect((await access('why', 'dora', 'get', 'pods/web', '-n', 'shop')).status).toBe(1);
  });

  it('lists who may, as kubectl auth can-i finds', async () => {
    await berth.kubectl('create', 'rolebinding', 'team', '--clusterrole', 'edit', '--group', 'team', '-n', 'shop');
    const { stdout } = await access('who-can', 'delete', 'deploy', '-n', 'shop');
    expect(stdout).toMatch(/^Group +team +RoleBinding shop\/team +ClusterRole edit$/m);
    const can = (namespace: string) =>
      berth.tryKubectl(['auth', 'can-i', 'delete', 'deploy', '-n', namespace, '--as', 'x', '--as-group', 'team']);
    expect((await can('shop')).status).toBe(0);
    expect((await can('default')).status).toBe(1);
    expect((await access('who-can', 'delete', 'deploy')).stdout).not.toContain('team');
  });

  it('says what is wrong with a question', async () => {
    const unknown = await access('who-can', 'use', 'foos');
    expect([unknown.status, unknown.stderr]).toEqual([0, expect.stringMatching(/serves no kind called "foos"/)]);
    const nowhere = await access('why', 'dora', 'get', 'pods', '--kubeconfig', '/nowhere');
    expect([nowhere.status, nowhere.stderr]).toEqual([
      1,
      expect.stringMatching(/^berth: Cannot read the kubeconfig .*\n$/),
    ]);
    const nobody = await access('minimal', 'nobody');
    expect([nobody.status, nobody.stdout]).toEqual([1, expect.stringMatching(/no request of nobody/)]);
  });
});
