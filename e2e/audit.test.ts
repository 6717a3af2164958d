import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, startBerth, until } from './harness/index.ts';

/** Who did what, as an operator finds out, and whether it can be believed: `kubectl`, kills and a changed log. */
describe('the audit log', () => {
  let berth: Berth;
  const log = () => join(berth.dataDir, 'audit', 'audit.log');

  beforeAll(async () => {
    berth = await startBerth({ args: ['--runtime', 'simulated'] });
    await berth.kubectl('create', 'serviceaccount', 'robot');
    await berth.kubectl('create', 'deployment', 'web', '--image=example/web:1');
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  async function audit(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await berth.berth('audit', ...args);
    expect([status, stderr]).toEqual([0, '']);
    return stdout;
  }
  /** Records go out a moment after the answer. */
  const eventually = (what: string, args: string[], pattern: RegExp) =>
    until(what, async () => pattern.test((await berth.berth('audit', ...args)).stdout));

  it('says who changed what, from what to what', async () => {
    await berth.kubectl('scale', 'deployment', 'web', '--replicas=3');
    await berth.kubectl('set', 'image', 'deployment/web', 'web=example/web:2', '--as=ada', '--as-group=system:masters');
    await eventually('the change is recorded', ['--name', 'web'], /example\/web:2/);
    const text = await audit('--name', 'web', '--resource', 'deployments', '--since', '10m');
    expect(text).toMatch(/^TIME +USER +VERB +OBJECT +FROM +CODE\n/);
    expect(text).toMatch(/Z +kubernetes-admin +create +default\/deployments\.apps\/web +127\.0\.0\.1 +201\n/);
    expect(text).toMatch(/patch +default\/deployments\.apps\/web\/scale .*\n +spec\.replicas: 1 → 3\n/);
    expect(text).toMatch(
      /kubernetes-admin as ada +patch .*\n +spec\.template\.spec\.containers\[web\]\.image: "example\/web:1" → "example\/web:2"\n/,
    );
    const made = await audit('--user', 'system:kube-controller-manager', '--resource', 'pods', '--verb', 'create');
    expect(made).toMatch(/system:kube-controller-manager +create +default\/pods\/web-/);
  });

  it('says who was refused, and who looked at secrets, but no secret', async () => {
    await berth.kubectl('create', 'secret', 'generic', 'key', '--from-literal=password=hunter2');
    const as = '--as=system:serviceaccount:default:robot';
    expect((await berth.tryKubectl(['get', 'secret', 'key', as])).stderr).toContain('Forbidden');
    await berth.kubectl('get', 'secret', 'key', '-o', 'yaml');
    await berth.kubectl('create', 'token', 'robot');
    const looks = ['--verb', 'get', '--resource', 'secrets'];
    await eventually('both looks are recorded', looks, /403\n(?:.*\n)*.*200\n/);
    expect(await audit(...looks, '--user', 'system:serviceaccount:default:robot')).toMatch(
      /secrets\/key +127\.0\.0\.1 +403\n/,
    );
    const text = readFileSync(log(), 'utf8');
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain(Buffer.from('hunter2').toString('base64'));
    expect(text).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/);
    expect(statSync(log()).mode & 0o777).toBe(0o600);
    const [event] = (await audit(...looks, '--output', 'json', '--limit', '1')).trim().split('\n');
    expect(JSON.parse(event ?? '')).toMatchObject({ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Metadata' });
  });

  it('is whole after kill -9 and an orderly stop, and tells a change', async () => {
    expect(await audit('verify')).toMatch(/records in 1 file: each is what was written, and none is missing\.\n$/);
    const killed = new Promise((resolve) => berth.process.once('exit', resolve));
    berth.process.kill('SIGKILL');
    await killed;
    await berth.restart();
    await berth.kubectl('create', 'configmap', 'after-the-kill');
    await eventually('the chain goes on', ['--name', 'after-the-kill'], /configmaps/);
    await audit('verify');
    const stopped = new Promise((resolve) => berth.process.once('exit', resolve));
    berth.process.kill('SIGTERM');
    await stopped;
    await audit('verify');

    const text = readFileSync(log(), 'utf8');
    const lines = text.split('\n');
    const at = lines.findIndex((line) => line.includes('"name":"robot"') && line.includes('"verb":"create"'));
    writeFileSync(log(), text.replace(lines[at] ?? '', (lines[at] ?? '').replace('kubernetes-admin', 'somebody-else')));
    const changed = await berth.berth('audit', 'verify');
    expect(changed.status).toBe(1);
    expect(changed.stdout).toMatch(new RegExp(`audit\\.log:${at + 1}: record \\d+ was changed\n`));
    writeFileSync(log(), lines.filter((_, index) => index !== at).join('\n'));
    const removed = await berth.berth('audit', 'verify', '--output', 'json');
    expect(removed.status).toBe(1);
    expect(JSON.parse(removed.stdout)).toMatchObject({
      faults: [{ problem: expect.stringMatching(/^record \d+ is missing/) }],
    });
    writeFileSync(log(), text);
    await audit('verify');
    await berth.restart();
  });

  it('records by a policy of one’s own, and refuses one that is not valid', async () => {
    const file = join(berth.dataDir, 'policy.yaml');
    const policy = (rules: string) =>
      writeFileSync(file, `apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n${rules}`);
    policy('- level: Everything\n  nonResourceURLs: [metrics]\n');
    const refused = await berth.berth('up', '--audit-policy-file', file);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toBe(
      `berth: --audit-policy-file: [rules[0].level: Unsupported value: "Everything": supported values: "None", "Metadata", "Request", "RequestResponse", rules[0].nonResourceURLs[0]: Invalid value: "metrics": non-resource URL rules must begin with a '/' character]: from file ${file}\n`,
    );
    const stream = await berth.berth('up', '--audit-log-path', '-');
    expect([stream.status, stream.stderr]).toEqual([2, expect.stringContaining('--audit-log-path: a file is wanted')]);
    policy('- level: RequestResponse\n  resources: [{group: "", resources: [configmaps]}]\n');
    const args = [
      '--runtime',
      'simulated',
      '--audit-policy-file',
      file,
      '--audit-log-maxsize',
      '1',
      '--audit-log-maxbackup',
      '2',
    ];
    await using own = await startBerth({ args });
    // 90 KiB a record with both bodies, 40 records: more than three files hold.
    const items = Array.from({ length: 40 }, (_, n) => ({
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `large-${n}` }, data: { k: 'x'.repeat(45_000) } },
    }));
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    expect((await own.tryKubectl(['create', '-f', '-'], list)).status).toBe(0);
    await until('the last record is there', async () =>
      readFileSync(join(own.dataDir, 'audit', 'audit.log'), 'utf8').includes('large-39'),
    );
    expect(files(own)).toHaveLength(3);
    const { status, stdout } = await own.berth('audit', 'verify');
    expect([status, stdout]).toEqual([0, expect.stringContaining('none is missing')]);
    expect((await own.berth('audit', '--verb', 'all', '--resource', 'pods')).stderr).toContain(
      'nothing in the audit log fits',
    );
  });

  const files = ({ dataDir }: Berth) => readdirSync(join(dataDir, 'audit')).filter((name) => name.endsWith('.log'));
});
