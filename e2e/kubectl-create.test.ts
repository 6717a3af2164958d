import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Berth, openTerminal, startBerth } from './harness/index.ts';

/** What `kubectl create`, `run`, `expose` and `autoscale` make, and how `kubectl get` shows it. */
describe.concurrent('kubectl makes and shows', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await startBerth({ args: ['--runtime', 'simulated'] });
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  it('objects of every generator', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'generators');
    const [certificate, key] = ['tls.crt', 'tls.key'].map((name) => join(terminal.folder, name));
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=x', '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', `${key}`, '-out', `${certificate}`], {
      stdio: 'ignore',
    });
    await terminal.play(`
      $ kubectl create configmap cm --from-literal=a=b --from-literal=c=d
      configmap/cm created
      $ kubectl create secret generic s --from-literal=p=q
      secret/s created
      $ kubectl create secret tls tls --cert=tls.crt --key=tls.key
      secret/tls created
      $ kubectl create secret docker-registry reg --docker-username=u --docker-password=p --docker-server=example.com
      secret/reg created
      $ kubectl create serviceaccount sa
      serviceaccount/sa created
      $ kubectl create role r --verb=get,list --resource=pods,pods/log
      role.rbac.authorization.k8s.io/r created
      $ kubectl create clusterrole generators-nodes --verb=get --resource=nodes
      clusterrole.rbac.authorization.k8s.io/generators-nodes created
      $ kubectl create clusterrole generators-logs --verb=get '--non-resource-url=/logs/*'
      clusterrole.rbac.authorization.k8s.io/generators-logs created
      $ kubectl create clusterrole generators-all --aggregation-rule=example.com/gather=true
      clusterrole.rbac.authorization.k8s.io/generators-all created
      $ kubectl create rolebinding rb --role=r --serviceaccount=generators:sa --user=jane
      rolebinding.rbac.authorization.k8s.io/rb created
      $ kubectl create clusterrolebinding generators-crb --clusterrole=generators-nodes --group=g
      clusterrolebinding.rbac.authorization.k8s.io/generators-crb created
      $ kubectl create cronjob cj --image=busybox --schedule='0 0 1 1 *' -- date
      cronjob.batch/cj created
      $ kubectl create job j --image=busybox -- echo hi
      job.batch/j created
      $ kubectl create job from-cj --from=cronjob/cj
      job.batch/from-cj created
      $ kubectl create ingress ing --class=default --rule='foo.com/bar=svc1:8080,tls=my-cert'
      ingress.networking.k8s.io/ing created
      $ kubectl create pdb pdb --selector=app=d --min-available=1
      poddisruptionbudget.policy/pdb created
      $ kubectl create poddisruptionbudget pdb2 --selector=app=d --max-unavailable=50%
      poddisruptionbudget.policy/pdb2 created
      $ kubectl create priorityclass generators-pc --value=1000 --description=hi
      priorityclass.scheduling.k8s.io/generators-pc created
      $ kubectl create quota q --hard=services=20,configmaps=30
      resourcequota/q created
      $ kubectl create service clusterip svc1 --tcp=5678:8080
      service/svc1 created
      $ kubectl create service clusterip svc2 --clusterip=None
      service/svc2 created
      $ kubectl create service nodeport svc3 --tcp=5678:8080
      service/svc3 created
      $ kubectl create service loadbalancer svc4 --tcp=5678:8080
      service/svc4 created
      $ kubectl create service externalname svc5 --external-name bar.com
      service/svc5 created
      $ kubectl create namespace generators-ns
      namespace/generators-ns created
      $ kubectl create deployment d --image=nginx:1 --replicas=2 --port=80
      deployment.apps/d created
      $ kubectl wait --for=condition=Available deployment/d --timeout=30s
      deployment.apps/d condition met
      $ kubectl get deployments,services,configmaps,secrets,roles,rolebindings,ingresses,pdb
      NAME   READY   UP-TO-DATE   AVAILABLE   AGE
      deployment.apps/d   2/2   2   2   …

      NAME   TYPE   CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE
      service/svc1   ClusterIP   10.…   <none>   5678/TCP   …
      service/svc2   ClusterIP   None   <none>   <none>   …
      service/svc3   NodePort   10.…   <none>   5678:3…/TCP   …
      service/svc4   LoadBalancer   10.…   <pending>   5678:3…/TCP   …
      service/svc5   ExternalName   <none>   bar.com   <none>   …

      NAME   DATA   AGE
      configmap/cm   2   …
      configmap/kube-root-ca.crt   1   …

      NAME   TYPE   DATA   AGE
      secret/reg   kubernetes.io/dockerconfigjson   1   …
      secret/s   Opaque   1   …
      secret/tls   kubernetes.io/tls   2   …

      NAME   CREATED AT
      role.rbac.authorization.k8s.io/r   20…Z

      NAME   ROLE   AGE
      rolebinding.rbac.authorization.k8s.io/rb   Role/r   …

      NAME   CLASS   HOSTS   ADDRESS   PORTS   AGE
      ingress.networking.k8s.io/ing   default   foo.com      80, 443   …

      NAME   MIN AVAILABLE   MAX UNAVAILABLE   ALLOWED DISRUPTIONS   AGE
      poddisruptionbudget.policy/pdb   1   N/A   1   …
      poddisruptionbudget.policy/pdb2   N/A   50%   1   …
      $ kubectl get priorityclass generators-pc
      NAME   VALUE   GLOBAL-DEFAULT   AGE   PREEMPTIONPOLICY
      generators-pc   1000   false   …   PreemptLowerPriority
      $ kubectl get cronjob
      NAME   SCHEDULE   TIMEZONE   SUSPEND   ACTIVE   LAST SCHEDULE   AGE
      cj   0 0 1 1 *   <none>   False   0   <none>   …
    `);
  });

  it('refusals in Kubernetes own words', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'refusals');
    await terminal.play(`
      $ kubectl create configmap cm --from-literal=a=b
      configmap/cm created
      $ kubectl create configmap cm --from-literal=a=b
      error: failed to create configmap: configmaps "cm" already exists
      [exit 1]
      $ printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"cm"}}' | kubectl create -f -
      Error from server (AlreadyExists): error when creating "STDIN": configmaps "cm" already exists
      [exit 1]
      $ kubectl create configmap Bad_Name
      error: failed to create configmap: ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
      [exit 1]
      $ kubectl create token nobody
      error: failed to create token: serviceaccounts "nobody" not found
      [exit 1]
      $ kubectl create ingress ing --rule='bad'
      error: rule bad is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]
      [exit 1]
      $ kubectl get configmap nobody
      Error from server (NotFound): configmaps "nobody" not found
      [exit 1]
      $ kubectl get configmap cm nobody -o name
      configmap/cm
      Error from server (NotFound): configmaps "nobody" not found
      [exit 1]
      $ kubectl get unicorns
      error: the server doesn't have a resource type "unicorns"
      [exit 1]
      $ kubectl get pods --field-selector=bad=1
      Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label selector "", field selector "bad=1": field label not supported: bad
      [exit 1]
      $ kubectl get pods -l 'app in d'
      Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label selector "app in d", field selector "": unable to parse requirement: found 'd' expected: '('
      [exit 1]
      $ kubectl get pods -l 'app in (d'
      Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label selector "app in (d", field selector "": unable to parse requirement: found '', expected: ',' or ')'
      [exit 1]
      $ kubectl get --raw /nowhere
      Error from server (NotFound): the server could not find the requested resource
      [exit 1]
      $ kubectl get pods
      No resources found in refusals namespace.
      $ kubectl get pods -n nowhere
      No resources found in nowhere namespace.
      $ kubectl create configmap cm -n nowhere
      error: failed to create configmap: namespaces "nowhere" not found
      [exit 1]
      $ kubectl run bad_name --image=x
      The Pod "bad_name" is invalid:…
      * metadata.name: Invalid value: "bad_name": a lowercase RFC 1123 subdomain …
      * spec.containers[0].name: Invalid value: "bad_name": a lowercase RFC 1123 label …
      [exit 1]
    `);
  });

  it('names, dry runs and tokens', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'making');
    terminal.file('generated.json', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"gen-"}}');
    await terminal.play(`
      $ kubectl create -f generated.json
      configmap/gen-… created
      $ kubectl apply -f generated.json
      error: from gen-: cannot use generate name with apply
      [exit 1]
      $ kubectl create deployment d --image=nginx --dry-run=client -o name
      deployment.apps/d
      $ kubectl create deployment d --image=nginx --dry-run=server
      deployment.apps/d created (server dry run)
      $ kubectl create deployment d --image=nginx --dry-run=server -o jsonpath='{.metadata.resourceVersion}{.spec.strategy.type}'
      RollingUpdate
      $ kubectl get deployments
      No resources found in making namespace.
      $ kubectl create token default --duration=10m
      eyJ….….…
      $ kubectl create secret generic s --from-literal=p=q -o yaml
      apiVersion: v1
      data:
        p: cQ==
      kind: Secret
      metadata:
        creationTimestamp: "20…Z"
        name: s
        namespace: making
        resourceVersion: "…"
        uid: …
      type: Opaque
    `);
  });

  it('pods, services and autoscalers by run, expose and autoscale', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'running');
    await terminal.play(`
      $ kubectl run p --image=nginx
      pod/p created
      $ kubectl run p --image=nginx
      Error from server (AlreadyExists): pods "p" already exists
      [exit 1]
      $ kubectl run served --image=nginx --expose --port=80
      service/served created
      pod/served created
      $ kubectl run placed --image=nginx --labels=a=b --env=X=Y --restart=Never --overrides='{"spec":{"nodeName":"node-0"}}'
      pod/placed created
      $ kubectl get pod placed -o jsonpath='{.spec.nodeName} {.metadata.labels} {.spec.containers[0].env} {.spec.restartPolicy}'
      node-0 {"a":"b"} [{"name":"X","value":"Y"}] Never
      $ kubectl create deployment web --image=nginx --port=80
      deployment.apps/web created
      $ kubectl expose deployment web --port=80 --target-port=8080
      service/web exposed
      $ kubectl expose deployment web --port=80
      Error from server (AlreadyExists): services "web" already exists
      [exit 1]
      $ kubectl expose deployment web --port=80 --name=lb --type=LoadBalancer
      service/lb exposed
      $ kubectl expose pod nobody --port=1
      Error from server (NotFound): pods "nobody" not found
      [exit 1]
      $ kubectl autoscale deployment web --min=1 --max=3 --cpu=80%
      horizontalpodautoscaler.autoscaling/web autoscaled
      $ kubectl get hpa
      NAME   REFERENCE   TARGETS   MINPODS   MAXPODS   REPLICAS   AGE
      web   Deployment/web   cpu: <unknown>/80%   1   3   …   …
      $ kubectl get horizontalpodautoscalers.v1.autoscaling web -o jsonpath='{.spec.targetCPUUtilizationPercentage}'
      80
    `);
  });

  it('lists in every form', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'forms');
    await terminal.play(`
      $ kubectl run a --image=nginx --labels=app=x; kubectl run b --image=nginx --labels=app=y,tier=z
      pod/a created
      pod/b created
      $ kubectl wait --for=condition=Ready pod --all --timeout=30s
      pod/a condition met
      pod/b condition met
      $ kubectl get pods
      NAME   READY   STATUS   RESTARTS   AGE
      a   1/1   Running   0   …
      b   1/1   Running   0   …
      $ kubectl get pods -o wide
      NAME   READY   STATUS   RESTARTS   AGE   IP   NODE   NOMINATED NODE   READINESS GATES
      a   1/1   Running   0   …   198.…   node-0   <none>   <none>
      b   1/1   Running   0   …   198.…   node-0   <none>   <none>
      $ kubectl get pods -A --field-selector=metadata.namespace=forms
      NAMESPACE   NAME   READY   STATUS   RESTARTS   AGE
      forms   a   1/1   Running   0   …
      forms   b   1/1   Running   0   …
      $ kubectl get pods --server-print=false
      NAME   AGE
      a   …
      b   …
      $ kubectl get pods -o name --chunk-size=1
      pod/a
      pod/b
      $ kubectl get pods -L app --show-labels
      NAME   READY   STATUS   RESTARTS   AGE   APP   LABELS
      a   1/1   Running   0   …   x   app=x
      b   1/1   Running   0   …   y   app=y,tier=z
      $ kubectl get pods --show-kind --no-headers -l 'app in (x),!tier'
      pod/a   1/1   Running   0   …
      $ kubectl get pods --sort-by='{.metadata.labels.app}' -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName,NO:.spec.nothing
      NAME   NODE   NO
      a   node-0   <none>
      b   node-0   <none>
      $ kubectl get pods -o jsonpath='{range .items[*]}{.metadata.name}={.status.phase}{"\\n"}{end}'
      a=Running
      b=Running
      $ kubectl get pods -o jsonpath-as-json='{.items[*].metadata.name}'
      [
          "a",
          "b"
      ]
      $ kubectl get pod a -o go-template='{{.metadata.name}} on {{.spec.nodeName}}'
      a on node-0
      $ kubectl get pods --field-selector=status.phase=Running,metadata.name!=b -o name
      pod/a
      $ kubectl get pod a -o yaml | grep -c managedFields
      0
      [exit 1]
      $ kubectl get pod a -o yaml --show-managed-fields | grep manager:
          manager: …
      …
      $ kubectl get --raw '/api/v1/namespaces/forms/pods?limit=1' | head -c 40
      {"kind":"PodList","apiVersion":"v1","met
      $ kubectl get pod nobody --ignore-not-found
      $ kubectl get pods,configmaps --output=name
      pod/a
      pod/b
      configmap/kube-root-ca.crt
      $ kubectl events --for pod/a --types=Normal | grep -c Scheduled
      1
      $ kubectl events --types=Warning
      No events found in forms namespace.
      $ kubectl describe pod a | grep -E '^(Name|Namespace|Status|Node|QoS)'
      Name:   a
      Namespace:   forms
      Node:   node-0/198.…
      Status:   Running
      QoS Class:   BestEffort
      Node-Selectors:   <none>
    `);
  });
});
