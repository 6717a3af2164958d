import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, loadImage, openTerminal, startBerth, until, webArchive } from './harness/index.ts';

/**
 * kubectl as an operator uses it in a day. The manifest is the one of Kubernetes' own tutorial
 * ("Run a Stateless Application Using a Deployment"): nginx by tags; the images under these names are made here.
 */
const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: nginx-deployment
spec:
  selector:
    matchLabels:
      app: nginx
  replicas: 2
  template:
    metadata:
      labels:
        app: nginx
    spec:
      containers:
      - name: nginx
        image: nginx:1.14.2
        ports:
        - containerPort: 80
`;

describe('kubectl', () => {
  let berth: Berth;

  beforeAll(async () => {
    berth = await startBerth();
    for (const version of ['1.14.2', '1.16.1']) {
      await loadImage(berth, () => webArchive(`docker.io/library/nginx:${version}`, version));
    }
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  it('applies a manifest and reports its rollout', async () => {
    const applied = await berth.tryKubectl(['apply', '-f', '-'], manifest);
    expect(applied).toMatchObject({ status: 0, stdout: 'deployment.apps/nginx-deployment created\n', stderr: '' });
    expect(await berth.kubectl('rollout', 'status', 'deployment/nginx-deployment', '--timeout=60s')).toContain(
      'successfully rolled out',
    );
    const again = await berth.tryKubectl(['apply', '-f', '-'], manifest);
    expect(again.stdout).toBe('deployment.apps/nginx-deployment unchanged\n');
  });

  it('lists with the columns that users know', async () => {
    const all = await berth.kubectl('get', 'all', '-A', '-o', 'wide');
    expect(all).toMatch(
      /NAMESPACE\s+NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE\s+NOMINATED NODE\s+READINESS GATES/,
    );
    expect(all).toMatch(/default\s+pod\/nginx-deployment-\S+\s+1\/1\s+Running\s+0\s+\S+\s+10\./);
    expect(all).toMatch(/NAMESPACE\s+NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\s+CONTAINERS\s+IMAGES\s+SELECTOR/);
    expect(all).toMatch(/default\s+service\/kubernetes\s+ClusterIP/);
    const nodes = await berth.kubectl('get', 'nodes', '-o', 'wide');
    expect(nodes).toMatch(/Ready\s+control-plane\s+\S+\s+v1\.35/);
  });

  it('describes a pod with its events', async () => {
    const text = await berth.kubectl('describe', 'pods', '-l', 'app=nginx');
    for (const reason of ['Scheduled', 'Pulled', 'Created', 'Started']) expect(text).toContain(reason);
    expect(text).toMatch(/Status:\s+Running/);
    expect(text).toMatch(/Image ID:\s+\S*sha256:/);
    expect(await berth.kubectl('describe', 'node')).toMatch(/Allocated resources/);
    expect(await berth.kubectl('describe', 'deployment', 'nginx-deployment')).toMatch(/ScalingReplicaSet/);
  });

  it('runs commands in a container, with input, a terminal and the exit status', async () => {
    const pod = (await berth.kubectl('get', 'pods', '-l', 'app=nginx', '-o', 'name')).trim().split('\n')[0] ?? '';
    expect(await berth.kubectl('exec', pod, '--', 'cat', '/www/index.html')).toBe('1.14.2\n');
    const echoed = await berth.tryKubectl(['exec', '-i', pod, '--', 'cat'], 'through standard input\n');
    expect(echoed).toMatchObject({ status: 0, stdout: 'through standard input\n' });
    const failed = await berth.tryKubectl(['exec', pod, '--', 'sh', '-c', 'echo told >&2; exit 7']);
    expect(failed.status).toBe(7);
    expect(failed.stderr).toContain('told');
  });

  it('adds a container to look into a pod, which sees the processes of the one it is for', async () => {
    const [pod = ''] = (
      await berth.kubectl('get', 'pods', '-l', 'app=nginx', '-o', 'jsonpath={.items[*].metadata.name}')
    ).split(' ');
    const looks = ['debug', pod, '--image', 'nginx:1.14.2', '--target', 'nginx', '-c', 'looks', '--profile', 'general'];
    await berth.kubectl(...looks, '--', 'sh', '-c', 'cat /proc/1/cmdline; echo; exit 3');
    const state = '{.status.ephemeralContainerStatuses[0].state.terminated.exitCode}';
    await until(
      'it has looked',
      async () => (await berth.kubectl('get', 'pod', pod, '-o', `jsonpath=${state}`)) === '3',
    );
    expect(await berth.kubectl('logs', pod, '-c', 'looks')).toContain('httpd');
    expect(await berth.kubectl('get', 'pod', pod)).toContain('1/1');
  });

  it('prints logs and follows them to the end', async () => {
    await berth.kubectl(
      'run',
      'teller',
      '--image=nginx:1.14.2',
      '--restart=Never',
      '--',
      'sh',
      '-c',
      'for i in 1 2 3; do echo line $i; sleep 0.2; done',
    );
    await berth.kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/teller', '--timeout=60s');
    expect(await berth.kubectl('logs', '-f', 'teller')).toBe('line 1\nline 2\nline 3\n');
    expect(await berth.kubectl('logs', 'teller', '--tail=1')).toBe('line 3\n');
    await berth.kubectl('delete', 'pod', 'teller');
  });

  it('forwards a port', async () => {
    const { spawn } = await import('node:child_process');
    const { clientBinary } = await import('@berth/berth/clients');
    const child = spawn(clientBinary('kubectl'), ['port-forward', 'deployment/nginx-deployment', ':80'], {
      env: { ...process.env, KUBECONFIG: berth.kubeconfig },
    });
    try {
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      const port = await until('kubectl to listen', async () => /127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('1.14.2\n');
    } finally {
      child.kill();
    }
  });

  it('reaches pods and services through the server', async () => {
    const pod = (await berth.kubectl('get', 'pods', '-l', 'app=nginx', '-o', 'name')).trim().split('\n')[0] ?? '';
    const pods = `/api/v1/namespaces/default/pods/${pod.replace('pod/', '')}`;
    expect(await berth.kubectl('get', '--raw', `${pods}/proxy/`)).toBe('1.14.2\n');
    expect(await berth.kubectl('get', '--raw', `${pods}:80/proxy/index.html?a=b`)).toBe('1.14.2\n');
    expect((await berth.tryKubectl(['get', '--raw', `${pods}:81/proxy/`])).stderr).toMatch(
      /^Error from server \(ServiceUnavailable\): error trying to reach service: dial tcp 10\.\S+:81: connect: connection refused\n$/,
    );
    await berth.kubectl('expose', 'deployment', 'nginx-deployment', '--name=web', '--port=8080', '--target-port=80');
    const service = '/api/v1/namespaces/default/services/web:8080/proxy/';
    expect(await until('the service to have endpoints', () => berth.kubectl('get', '--raw', service))).toBe('1.14.2\n');
    await berth.kubectl('delete', 'service', 'web');
  });

  it('copies files in and out, and shows what a container says in every way', async () => {
    const pod = (await berth.kubectl('get', 'pods', '-l', 'app=nginx', '-o', 'name')).trim().split('\n')[0] ?? '';
    await using terminal = await openTerminal(berth.kubeconfig, 'container-streams');
    terminal.file('sent', 'over and back\n');
    const name = pod.replace('pod/', '');
    await terminal.play(`
      $ kubectl cp -c nginx sent default/${name}:/tmp/sent && kubectl exec -n default ${name} -c nginx -- cat /tmp/sent
      over and back
      $ kubectl cp -c nginx default/${name}:/tmp/sent received > told && cat received
      over and back
      $ echo heard | kubectl run once --image=nginx:1.14.2 --restart=Never --rm -i --quiet -- sh -c 'read word; echo "$word and said"'
      heard and said
      $ kubectl run talk --image=nginx:1.14.2 --restart=Never -- sh -c 'for i in 1 2 3 4; do echo line $i; done'
      pod/talk created
      $ kubectl wait --for=jsonpath='{.status.phase}'=Succeeded pod/talk --timeout=60s
      pod/talk condition met
      $ kubectl logs talk --tail=2
      line 3
      line 4
      $ kubectl logs talk --limit-bytes=6
      line 1
      $ kubectl logs talk --timestamps | head -1
      20…Z line 1
      $ kubectl logs talk --since=1h --prefix | tail -1
      [pod/talk/talk] line 4
      $ kubectl logs talk --since-time=2100-01-01T00:00:00Z
      $ kubectl logs talk --previous
      Error from server (BadRequest): previous terminated container "talk" in pod "talk" not found
      [exit 1]
      $ kubectl logs -l run=talk --all-containers --ignore-errors --tail=1
      line 4
      $ kubectl exec talk -- true
      error: …
      [exit 1]
    `);
  });

  it('scales, updates, shows history and goes back to a named revision', async () => {
    await berth.kubectl('scale', 'deployment/nginx-deployment', '--replicas=3');
    await berth.kubectl(
      'wait',
      '--for=jsonpath={.status.readyReplicas}=3',
      'deployment/nginx-deployment',
      '--timeout=60s',
    );
    await berth.kubectl('set', 'image', 'deployment/nginx-deployment', 'nginx=nginx:1.16.1');
    await berth.kubectl(
      'annotate',
      'deployment/nginx-deployment',
      'kubernetes.io/change-cause=image updated to 1.16.1',
    );
    await berth.kubectl('rollout', 'status', 'deployment/nginx-deployment', '--timeout=90s');
    const history = await berth.kubectl('rollout', 'history', 'deployment/nginx-deployment');
    expect(history).toMatch(/1\s+<none>/);
    expect(history).toMatch(/2\s+image updated to 1\.16\.1/);
    await berth.kubectl('rollout', 'undo', 'deployment/nginx-deployment', '--to-revision=1');
    await berth.kubectl('rollout', 'status', 'deployment/nginx-deployment', '--timeout=90s');
    expect(
      await berth.kubectl(
        'get',
        'deployment',
        'nginx-deployment',
        '-o',
        'jsonpath={.spec.template.spec.containers[0].image}',
      ),
    ).toBe('nginx:1.14.2');
    expect(await berth.kubectl('rollout', 'history', 'deployment/nginx-deployment')).toMatch(
      /2\s+image[^\n]*\n3\s+<none>/,
    );
  });

  it('deletes with everything that belonged to it', async () => {
    await berth.kubectl('delete', 'deployment', 'nginx-deployment');
    await until('pods and replica sets to be gone', async () => {
      const left = await berth.kubectl('get', 'pods,replicasets', '-o', 'name');
      return left.trim() === '';
    });
  });
});
