import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Berth, openTerminal, startBerth, type Terminal } from './harness/index.ts';

const deployment = (replicas: number, image: string) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: "${image}", ports: [{containerPort: 80}]}]
`;
const service = `---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec: {selector: {app: web}, ports: [{port: 80}]}
`;

/** The folder of someone who keeps manifests: before, after, and with the service taken out. */
function manifests(terminal: Terminal): void {
  terminal.file('before.yaml', deployment(2, 'nginx:1') + service);
  terminal.file('after.yaml', deployment(3, 'nginx:2') + service);
  terminal.file('alone.yaml', deployment(2, 'nginx:1'));
}

/** How kubectl changes what is there, and what it says while it does. */
describe.concurrent('kubectl changes', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await startBerth({ args: ['--runtime', 'simulated'] });
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  it('by apply and diff', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'applying');
    manifests(terminal);
    await terminal.play(`
      $ kubectl diff -f before.yaml | grep -E '^.(kind|status|metadata|  (name|resourceVersion|generation|last))'
      +kind: Deployment
      +metadata:
      +  generation: 1
      +  name: web
      +  namespace: applying
      +status: {}
      +kind: Service
      +metadata:
      +  name: web
      +  namespace: applying
      +status:
      $ kubectl apply -f before.yaml
      deployment.apps/web created
      service/web created
      $ kubectl apply -f before.yaml
      deployment.apps/web unchanged
      service/web unchanged
      $ kubectl apply -f before.yaml -v=8 2>&1 | grep -cE 'verb="(PATCH|PUT|POST)"'
      0
      [exit 1]
      $ kubectl diff -f before.yaml
      $ kubectl diff -f after.yaml | grep -E '^[-+] '
      -  generation: 1
      +  generation: 2
      -  replicas: 2
      +  replicas: 3
      -      - image: nginx:1
      +      - image: nginx:2
      $ kubectl diff -f after.yaml > /dev/null
      [exit 1]
      $ kubectl apply -f after.yaml --dry-run=server
      deployment.apps/web configured (server dry run)
      service/web unchanged (server dry run)
      $ kubectl apply -f after.yaml --dry-run=client
      deployment.apps/web configured (dry run)
      service/web configured (dry run)
      $ kubectl get deployment web -o jsonpath='{.spec.replicas} {.metadata.generation}'
      2 1
      $ kubectl apply -f after.yaml -o name
      deployment.apps/web
      service/web
      $ kubectl apply view-last-applied deployment/web -o json | tr -d ' \\n'
      {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"annotations":{},"labels":{"app":"web"},"name":"web","namespace":"applying"},"spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"image":"nginx:2","name":"c","ports":[{"containerPort":80}]}]}}}}
      $ kubectl apply set-last-applied -f before.yaml
      deployment.apps/web configured
      service/web configured
      $ kubectl apply -f - < /dev/null
      error: no objects passed to apply
      [exit 1]
    `);
  });

  it('by apply on the server side, with conflicts told and taken', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'owning');
    terminal.file('mine.json', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"1"}}');
    terminal.file('theirs.json', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"2"}}');
    await terminal.play(`
      $ kubectl apply --server-side -f mine.json
      configmap/c serverside-applied
      $ kubectl apply --server-side --field-manager=other -f theirs.json
      error: Apply failed with 1 conflict: conflict with "kubectl": .data.a
      Please review the fields above--they currently have other managers. Here
      are the ways you can resolve this warning:
      * If you intend to manage all of these fields, please re-run the apply
        command with the \`--force-conflicts\` flag.
      * If you do not intend to manage all of the fields, please edit your
        manifest to remove references to the fields that should keep their
        current managers.
      * You may co-own fields by updating your manifest to match the existing
        value; in this case, you'll become the manager if the other manager(s)
        stop managing the field (remove it from their configuration).
      See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
      [exit 1]
      $ kubectl patch configmap c --field-manager=third --type=merge -p '{"data":{"b":"3"}}'
      configmap/c patched
      $ kubectl create configmap c --from-literal=a=4 --from-literal=b=4 --dry-run=client -o yaml | kubectl apply --server-side --field-manager=fourth -f - 2>&1 | sed '/Please/,$d'
      error: Apply failed with 2 conflicts: conflicts with "kubectl":
      - .data.a
      conflicts with "third" using v1:
      - .data.b
      $ kubectl apply --server-side --field-manager=other --force-conflicts -f theirs.json
      configmap/c serverside-applied
      $ kubectl get configmap c -o jsonpath='{.data.a} {.metadata.managedFields[*].manager}' --show-managed-fields
      2 other third
      $ kubectl create configmap later --from-literal=a=1 -o json | kubectl apply -f -
      Warning: resource configmaps/later is missing the kubectl.kubernetes.io/last-applied-configuration annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.
      configmap/later configured
      $ kubectl create configmap moved --from-literal=a=1 --dry-run=client -o yaml > moved.yaml; kubectl apply -f moved.yaml
      configmap/moved created
      $ kubectl apply --server-side -f moved.yaml
      configmap/moved serverside-applied
      $ kubectl get configmap moved -o jsonpath='{range .metadata.managedFields[*]}{.manager} {.operation};{end}' --show-managed-fields
      kubectl Apply;kubectl-last-applied Apply;
    `);
  });

  it('by prune and apply sets', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'pruning');
    manifests(terminal);
    await terminal.play(`
      $ kubectl apply -f before.yaml -o name
      deployment.apps/web
      service/web
      $ kubectl apply -f alone.yaml --prune -l app=web --prune-allowlist=core/v1/Service --prune-allowlist=apps/v1/Deployment
      deployment.apps/web unchanged
      service/web pruned
      $ export KUBECTL_APPLYSET=true
      > kubectl apply -n pruning -f before.yaml --prune --applyset=set
      deployment.apps/web configured
      service/web created
      $ KUBECTL_APPLYSET=true kubectl apply -n pruning -f alone.yaml --prune --applyset=set
      deployment.apps/web unchanged
      service/web pruned
      $ kubectl get secret set -o jsonpath='{.metadata.annotations}{.metadata.labels}'
      {"applyset.kubernetes.io/additional-namespaces":"","applyset.kubernetes.io/contains-group-kinds":"Deployment.apps","applyset.kubernetes.io/tooling":"kubectl/v1.35…"}{"applyset.kubernetes.io/id":"applyset-…-v1"}
    `);
  });

  it('by replace and edit', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'editing');
    manifests(terminal);
    terminal.file('editor', '#!/bin/sh\nsed -i "s/a: b/a: edited/" "$1"\n', 0o755);
    // The first time it breaks the object; when it is asked again, it gives up.
    terminal.file('breaker', '#!/bin/sh\ngrep -q invalid "$1" || sed -i "s/replicas: .*/replicas: -1/" "$1"\n', 0o755);
    await terminal.play(`
      $ kubectl apply -f before.yaml -o name
      deployment.apps/web
      service/web
      $ kubectl rollout status deployment/web --timeout=60s | tail -1
      deployment "web" successfully rolled out
      $ kubectl replace -f after.yaml
      deployment.apps/web replaced
      service/web replaced
      $ kubectl get deployment web -o jsonpath='{.spec.replicas}'
      3
      $ kubectl replace --force -f before.yaml
      deployment.apps "web" deleted from editing namespace
      service "web" deleted from editing namespace
      deployment.apps/web replaced
      service/web replaced
      $ printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"nobody"}}' | kubectl replace -f -
      Error from server (NotFound): error when replacing "STDIN": configmaps "nobody" not found
      [exit 1]
      $ kubectl create configmap c --from-literal=a=b
      configmap/c created
      $ EDITOR=./editor kubectl edit configmap c
      configmap/c edited
      $ kubectl get configmap c -o jsonpath='{.data.a}'
      edited
      $ EDITOR=true kubectl edit configmap c
      Edit cancelled, no changes made.
      $ EDITOR=./breaker kubectl edit deployment web
      error: deployments.apps "web" is invalid
      A copy of your changes has been stored to "…"
      error: Edit cancelled, no valid changes were saved.
      [exit 1]
    `);
  });

  it('labels and annotations', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'labelling');
    await terminal.play(`
      $ kubectl create configmap c
      configmap/c created
      $ kubectl label configmap c x=y
      configmap/c labeled
      $ kubectl label configmap c x=y
      configmap/c not labeled
      $ kubectl label configmap c x=z
      error: 'x' already has a value (y), and --overwrite is false
      [exit 1]
      $ kubectl label configmap c x=z --overwrite
      configmap/c labeled
      $ kubectl label configmap c --list
      x=z
      $ kubectl label configmap c x-
      configmap/c unlabeled
      $ kubectl label configmap c 'bad key=1'
      The ConfigMap "c" is invalid: metadata.labels: Invalid value: "bad key": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')
      [exit 1]
      $ kubectl annotate configmap c a/b=c
      configmap/c annotated
      $ kubectl annotate configmap c a/b=d
      error: --overwrite is false but found the following declared annotation(s): 'a/b' already has a value (c)
      [exit 1]
      $ kubectl annotate configmap c --list
      a/b=c
      $ kubectl annotate configmap c a/b-
      configmap/c annotated
      $ kubectl label configmaps --all tier=front
      configmap/c labeled
      configmap/kube-root-ca.crt labeled
    `);
  });

  it('by set', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'setting');
    manifests(terminal);
    await terminal.play(`
      $ kubectl create -f before.yaml
      deployment.apps/web created
      service/web created
      $ kubectl set image deployment/web c=nginx:3
      deployment.apps/web image updated
      $ kubectl set image deployment/web nobody=nginx:3
      error: unable to find container named "nobody"
      [exit 1]
      $ kubectl set env deployment/web A=B
      deployment.apps/web env updated
      $ kubectl set env deployment/web --list
      # Deployment web, container c
      A=B
      $ kubectl set env deployment/web A-
      deployment.apps/web env updated
      $ kubectl create configmap c --from-literal=a=b && kubectl set env deployment/web --from=configmap/c
      configmap/c created
      Warning: key a transferred to A
      deployment.apps/web env updated
      $ kubectl set resources deployment/web --limits=cpu=200m,memory=512Mi
      deployment.apps/web resource requirements updated
      $ kubectl set selector service web app=x
      service/web selector updated
      $ kubectl set serviceaccount deployment web default
      deployment.apps/web serviceaccount updated
      $ kubectl create rolebinding rb --role=admin --user=a
      rolebinding.rbac.authorization.k8s.io/rb created
      $ kubectl set subject rolebinding rb --user=b --group=g
      rolebinding.rbac.authorization.k8s.io/rb subjects updated
      $ kubectl get deployment web -o jsonpath='{.spec.template.spec.containers}'
      [{"env":[{"name":"A","valueFrom":{"configMapKeyRef":{"key":"a","name":"c"}}}],"image":"nginx:3","imagePullPolicy":"IfNotPresent","name":"c","ports":[{"containerPort":80,"protocol":"TCP"}],"resources":{"limits":{"cpu":"200m","memory":"512Mi"}},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}]
    `);
  });

  it('by scale and patch', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'patching');
    manifests(terminal);
    await terminal.play(`
      $ kubectl create -f before.yaml -o name
      deployment.apps/web
      service/web
      $ kubectl scale deployment web --replicas=4
      deployment.apps/web scaled
      $ kubectl scale deployment web --replicas=2 --current-replicas=3
      error: Expected replicas to be 3, was 4
      [exit 1]
      $ kubectl scale deployment web --replicas=2 --current-replicas=4
      deployment.apps/web scaled
      $ kubectl scale deployment nobody --replicas=1
      Error from server (NotFound): deployments.apps "nobody" not found
      [exit 1]
      $ kubectl scale service web --replicas=1
      Error from server (NotFound): the server could not find the requested resource
      [exit 1]
      $ kubectl wait --for=jsonpath='{.status.replicas}'=2 deployment/web --timeout=30s
      deployment.apps/web condition met
      $ kubectl get deployment web --subresource=scale
      NAME   DESIRED   AVAILABLE   AGE
      web   2   2   …
      $ kubectl patch deployment web -p '{"spec":{"replicas":2}}'
      deployment.apps/web patched (no change)
      $ kubectl patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"c","env":[{"name":"A","value":"B"}]}]}}}}' -o jsonpath='{.spec.template.spec.containers[*].image}'
      nginx:1
      $ kubectl patch deployment web --type=merge -p '{"spec":{"replicas":1}}'
      deployment.apps/web patched
      $ kubectl patch deployment web --type=json -p '[{"op":"test","path":"/spec/replicas","value":1},{"op":"replace","path":"/spec/replicas","value":3}]'
      deployment.apps/web patched
      $ kubectl patch deployment web --type=json -p '[{"op":"test","path":"/spec/replicas","value":9}]'
      The request is invalid: the server rejected our request due to an error in our request…
      [exit 1]
      $ kubectl patch deployment web --subresource=scale --type=merge -p '{"spec":{"replicas":2}}'
      scale.autoscaling/web patched
      $ kubectl patch deployment web --subresource=status --type=merge -p '{"status":{"collisionCount":7},"spec":{"replicas":9}}'
      deployment.apps/web patched
      $ kubectl get deployment web -o jsonpath='{.status.collisionCount} {.spec.replicas}'
      7 2
      $ kubectl patch deployment nobody -p '{}'
      Error from server (NotFound): deployments.apps "nobody" not found
      [exit 1]
      $ kubectl patch -f alone.yaml -p '{"metadata":{"labels":{"z":"z"}}}'
      deployment.apps/web patched
    `);
  });

  it('by kustomize', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'kustomizing');
    terminal.file('kust/web.yaml', deployment(1, 'nginx:1'));
    terminal.file(
      'kust/kustomization.yaml',
      'resources: [web.yaml]\nnamePrefix: k-\nconfigMapGenerator: [{name: cfg, literals: [a=b]}]\n',
    );
    await terminal.play(`
      $ kubectl apply -k kust
      configmap/k-cfg-4h2mbtbbt6 created
      deployment.apps/k-web created
      $ kubectl diff -k kust
      $ kubectl get -k kust -o name
      configmap/k-cfg-4h2mbtbbt6
      deployment.apps/k-web
      $ kubectl delete -k kust
      configmap "k-cfg-4h2mbtbbt6" deleted from kustomizing namespace
      deployment.apps "k-web" deleted from kustomizing namespace
    `);
  });
});
