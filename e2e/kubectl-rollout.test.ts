import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Berth, openTerminal, startBerth } from './harness/index.ts';

const template = (name: string, image: string) =>
  `{metadata: {labels: {app: ${name}}}, spec: {containers: [{name: c, image: "${image}"}]}}`;

const deployment = (name: string, more = '', image = 'nginx:1') => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, labels: {app: ${name}}}
spec: {replicas: 2, ${more}selector: {matchLabels: {app: ${name}}}, template: ${template(name, image)}}
`;

const sets = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: ss}
spec: {serviceName: ss, replicas: 2, selector: {matchLabels: {app: ss}}, template: ${template('ss', 'nginx:1')}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ds}
spec: {selector: {matchLabels: {app: ds}}, template: ${template('ds', 'nginx:1')}}
`;

/** Rollouts, deletions and waiting, as kubectl tells of them. */
describe.concurrent('kubectl follows', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await startBerth({ args: ['--runtime', 'simulated'] });
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  it('a deployment through its revisions', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'revisions');
    terminal.file('web.yaml', deployment('web'));
    await terminal.play(`
      $ kubectl apply -f web.yaml
      deployment.apps/web created
      $ kubectl rollout status deployment/web --timeout=60s | tail -1
      deployment "web" successfully rolled out
      $ kubectl rollout history deployment/web
      deployment.apps/web
      REVISION  CHANGE-CAUSE
      1         <none>

      $ kubectl set image deployment/web c=nginx:2
      deployment.apps/web image updated
      $ kubectl annotate deployment/web kubernetes.io/change-cause='second image'
      deployment.apps/web annotated
      $ kubectl rollout status deployment/web --timeout=60s | tail -1
      deployment "web" successfully rolled out
      $ kubectl rollout history deployment/web
      deployment.apps/web
      REVISION  CHANGE-CAUSE
      1         <none>
      2         second image

      $ kubectl rollout history deployment/web --revision=1
      deployment.apps/web with revision #1
      Pod Template:
        Labels:	app=web
      	pod-template-hash=…
        Containers:
         c:
          Image:	nginx:1
          Port:	<none>
          Host Port:	<none>
          Environment:	<none>
          Mounts:	<none>
        Volumes:	<none>
        Node-Selectors:	<none>
        Tolerations:	<none>

      $ kubectl rollout history deployment/web --revision=9
      error: unable to find the specified revision
      [exit 1]
      $ kubectl rollout undo deployment/web --dry-run=server
      deployment.apps/web rolled back (server dry run)
      $ kubectl rollout undo deployment/web --to-revision=1
      deployment.apps/web rolled back
      $ kubectl rollout status deployment/web --timeout=60s | tail -1
      deployment "web" successfully rolled out
      $ kubectl rollout history deployment/web
      deployment.apps/web
      REVISION  CHANGE-CAUSE
      2         second image
      3         <none>

      $ kubectl rollout undo deployment/web --to-revision=77
      error: unable to find specified revision 77 in history
      [exit 1]
      $ kubectl rollout undo deployment/web --to-revision=3
      deployment.apps/web skipped rollback (current template already matches revision 3)
      $ kubectl get replicasets -o wide
      NAME   DESIRED   CURRENT   READY   AGE   CONTAINERS   IMAGES   SELECTOR
      web-…   …   …   …   …   c   nginx:…   app=web,pod-template-hash=…
      web-…   …   …   …   …   c   nginx:…   app=web,pod-template-hash=…
      $ kubectl rollout pause deployment/web
      deployment.apps/web paused
      $ kubectl rollout pause deployment/web
      error: deployments.apps "web" is already paused
      [exit 1]
      $ kubectl set image deployment/web c=nginx:5
      deployment.apps/web image updated
      $ kubectl rollout status deployment/web --watch=false
      Waiting for deployment …
      $ kubectl rollout restart deployment/web
      error: deployments.apps "web" can't restart paused deployment (run rollout resume first)
      [exit 1]
      $ kubectl rollout undo deployment/web
      error: you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again
      [exit 1]
      $ kubectl rollout resume deployment/web
      deployment.apps/web resumed
      $ kubectl rollout resume deployment/web
      error: deployments.apps "web" is not paused
      [exit 1]
      $ kubectl rollout restart deployment/web
      deployment.apps/web restarted
      $ kubectl rollout status deployment/web --timeout=60s | tail -1
      deployment "web" successfully rolled out
      $ kubectl patch deployment web -p '{"spec":{"revisionHistoryLimit":0}}'
      deployment.apps/web patched
      $ until [ $(kubectl get replicasets -o name | wc -l) = 1 ]; do sleep 0.1; done
      $ kubectl rollout history deployment/web | wc -l
      4
      $ kubectl rollout undo deployment/web
      error: no rollout history found for deployment "web"
      [exit 1]
    `);
  });

  it('stateful and daemon sets through theirs', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'sets');
    terminal.file('sets.yaml', sets);
    await terminal.play(`
      $ kubectl apply -f sets.yaml
      statefulset.apps/ss created
      daemonset.apps/ds created
      $ kubectl rollout status statefulset/ss --timeout=60s | tail -1
      partitioned roll out complete: 2 new pods have been updated...
      $ kubectl rollout status daemonset/ds --timeout=60s | tail -1
      daemon set "ds" successfully rolled out
      $ kubectl annotate statefulset/ss daemonset/ds kubernetes.io/change-cause='second image'
      statefulset.apps/ss annotated
      daemonset.apps/ds annotated
      $ kubectl set image statefulset/ss daemonset/ds c=nginx:2
      statefulset.apps/ss image updated
      daemonset.apps/ds image updated
      $ kubectl rollout status statefulset/ss --timeout=60s | tail -1
      partitioned roll out complete: 2 new pods have been updated...
      $ kubectl rollout status daemonset/ds --timeout=60s | tail -1
      daemon set "ds" successfully rolled out
      $ kubectl rollout history statefulset/ss
      statefulset.apps/ss
      REVISION  CHANGE-CAUSE
      1         <none>
      2         second image

      $ kubectl rollout history daemonset/ds
      daemonset.apps/ds
      REVISION  CHANGE-CAUSE
      1         <none>
      2         second image

      $ kubectl rollout history statefulset/ss --revision=1 | grep Image
          Image:	nginx:1
      $ kubectl rollout undo statefulset/ss --to-revision=1
      statefulset.apps/ss rolled back
      $ kubectl rollout undo daemonset/ds
      daemonset.apps/ds rolled back
      $ kubectl rollout status statefulset/ss --timeout=60s | tail -1
      partitioned roll out complete: 2 new pods have been updated...
      $ kubectl rollout status daemonset/ds --timeout=60s | tail -1
      daemon set "ds" successfully rolled out
      $ kubectl get pods -o jsonpath='{.items[*].spec.containers[0].image}'
      nginx:1 nginx:1 nginx:1
      $ kubectl rollout history statefulset/ss | tail -3
      2         second image
      3         <none>

      $ kubectl rollout restart statefulset/ss daemonset/ds
      statefulset.apps/ss restarted
      daemonset.apps/ds restarted
      $ kubectl rollout pause statefulset/ss
      error: statefulsets.apps "ss" pausing is not supported
      [exit 1]
      $ kubectl scale --replicas=1 statefulset/ss
      statefulset.apps/ss scaled
      $ kubectl get statefulset,daemonset
      NAME   READY   AGE
      statefulset.apps/ss   …/1   …

      NAME   DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE
      daemonset.apps/ds   1   1   …   …   …   <none>   …
    `);
  });

  it('a rollout that gets nowhere', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'stuck');
    const nowhere = 'progressDeadlineSeconds: 2, ';
    terminal.file(
      'slow.yaml',
      deployment('slow', nowhere).replace('spec: {containers', 'spec: {nodeSelector: {no: where}, containers'),
    );
    await terminal.play(`
      $ kubectl apply -f slow.yaml
      deployment.apps/slow created
      $ kubectl rollout status deployment/slow 2>&1 | tail -1
      error: deployment "slow" exceeded its progress deadline
      $ kubectl get deployment slow -o jsonpath='{.status.conditions[?(@.type=="Progressing")].reason}'
      ProgressDeadlineExceeded
      $ kubectl get pods --no-headers
      slow-…   0/1   Pending   0   …
      slow-…   0/1   Pending   0   …
      $ kubectl events --types=Warning --no-headers | head -1
      …   Warning   FailedScheduling   Pod/slow-…   0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. …
    `);
  });

  it('deletions of every kind', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'deleting');
    terminal.file('web.yaml', deployment('web'));
    await terminal.play(`
      $ kubectl apply -f web.yaml && kubectl wait --for=condition=Available deployment/web --timeout=60s
      deployment.apps/web created
      deployment.apps/web condition met
      $ kubectl delete pods --all --dry-run=server
      pod "web-…" deleted from deleting namespace (server dry run)
      pod "web-…" deleted from deleting namespace (server dry run)
      $ kubectl delete deployment web --cascade=orphan
      deployment.apps "web" deleted from deleting namespace
      $ kubectl get replicasets -l app=web --no-headers
      web-…   2   2   2   …
      $ kubectl apply -f web.yaml && kubectl rollout status deployment/web --timeout=60s | tail -1
      deployment.apps/web created
      deployment "web" successfully rolled out
      $ kubectl get replicasets -l app=web --no-headers
      web-…   2   2   2   …
      $ kubectl delete deployment web --cascade=foreground
      deployment.apps "web" deleted from deleting namespace
      $ kubectl get pods,replicasets
      No resources found in deleting namespace.
      $ kubectl run p --image=nginx && kubectl wait --for=condition=Ready pod/p --timeout=60s
      pod/p created
      pod/p condition met
      $ kubectl delete pod p --grace-period=0 --force
      Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.
      pod "p" force deleted from deleting namespace
      $ kubectl run q --image=nginx && kubectl delete pod q --now
      pod/q created
      pod "q" deleted from deleting namespace
      $ kubectl delete pod nobody
      Error from server (NotFound): pods "nobody" not found
      [exit 1]
      $ kubectl delete pod nobody --ignore-not-found
      $ kubectl delete -f web.yaml
      Error from server (NotFound): error when deleting "web.yaml": deployments.apps "web" not found
      [exit 1]
      $ kubectl create configmap a && kubectl create configmap b && kubectl delete configmaps --field-selector=metadata.name=a
      configmap/a created
      configmap/b created
      configmap "a" deleted from deleting namespace
      $ kubectl create configmap held && kubectl patch configmap held -p '{"metadata":{"finalizers":["example.com/hold"]}}'
      configmap/held created
      configmap/held patched
      $ kubectl delete configmap held --wait=false
      configmap "held" deleted from deleting namespace
      $ kubectl delete configmap held --timeout=2s
      configmap "held" deleted from deleting namespace
      error: timed out waiting for the condition on configmaps/held
      [exit 1]
      $ kubectl patch configmap held --type=merge -p '{"metadata":{"finalizers":null}}'
      configmap/held patched
      $ kubectl wait --for=delete configmap/held --timeout=10s
      $ kubectl create namespace deleting-too && kubectl delete namespace deleting-too
      namespace/deleting-too created
      namespace "deleting-too" deleted
    `);
  });

  it('what it waits for and watches', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'waiting');
    await terminal.play(`
      $ kubectl run p --image=nginx
      pod/p created
      $ kubectl wait --for=condition=Ready pod/p --timeout=60s
      pod/p condition met
      $ kubectl wait --for=condition=ready pod --all --timeout=60s
      pod/p condition met
      $ kubectl wait --for=condition=Ready=false pod/p --timeout=2s
      error: timed out waiting for the condition on pods/p
      [exit 1]
      $ kubectl wait --for=jsonpath='{.status.phase}'=Running pod/p --timeout=60s
      pod/p condition met
      $ kubectl wait --for=jsonpath='{.status.podIP}' pod/p --timeout=60s
      pod/p condition met
      $ kubectl wait --for=condition=Ready pod/nobody --timeout=2s
      Error from server (NotFound): pods "nobody" not found
      [exit 1]
      $ kubectl wait --for=delete pod/nobody --timeout=2s
      $ kubectl wait --for=create configmap/later --timeout=60s > waited & sleep 0.5; kubectl create configmap later; wait; cat waited
      configmap/later created
      configmap/later condition met
      $ kubectl wait --for=delete configmap/later --timeout=60s > waited & sleep 0.5; kubectl delete configmap later; wait; cat waited
      configmap "later" deleted from waiting namespace
      configmap/later condition met
      $ kubectl get configmaps -w --output-watch-events --field-selector=metadata.name=seen > watched & watcher=$!
      > until [ -n "$(kubectl get configmap seen --ignore-not-found -o name)" ]; do kubectl create configmap seen; done
      > kubectl label configmap seen a=b; kubectl delete configmap seen
      > until grep -q DELETED watched; do sleep 0.1; done; kill $watcher; cat watched
      configmap/seen created
      configmap/seen labeled
      configmap "seen" deleted from waiting namespace
      EVENT   NAME   DATA   AGE
      ADDED   seen   0   …
      MODIFIED   seen   0   …
      DELETED   seen   0   …
      $ kubectl get pods p -w -o jsonpath='{.metadata.name}' > watched & watcher=$!
      > until grep -q p watched; do sleep 0.1; done; kill $watcher; cat watched
      p
      $ kubectl get deployments,pods -w
      error: you may only specify a single resource type
      [exit 1]
    `);
  });
});
