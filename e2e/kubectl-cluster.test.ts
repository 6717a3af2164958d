import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Berth, openTerminal, startBerth } from './harness/index.ts';

/** The cluster itself through kubectl: what it serves, who may do what, its nodes, and how pods are debugged. */
describe.concurrent('kubectl knows', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await startBerth({ args: ['--runtime', 'simulated', '--simulated-nodes', '2'] });
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  it('what is served', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'serving');
    await terminal.play(`
      $ kubectl api-versions
      admissionregistration.k8s.io/v1
      admissionregistration.k8s.io/v1beta1
      apiextensions.k8s.io/v1
      apiregistration.k8s.io/v1
      apps/v1
      authentication.k8s.io/v1
      authorization.k8s.io/v1
      autoscaling/v1
      autoscaling/v2
      batch/v1
      certificates.k8s.io/v1
      coordination.k8s.io/v1
      discovery.k8s.io/v1
      events.k8s.io/v1
      flowcontrol.apiserver.k8s.io/v1
      metrics.k8s.io/v1beta1
      networking.k8s.io/v1
      node.k8s.io/v1
      policy/v1
      rbac.authorization.k8s.io/v1
      resource.k8s.io/v1
      scheduling.k8s.io/v1
      storage.k8s.io/v1
      v1
      $ kubectl api-resources --api-group=apps -o wide
      NAME   SHORTNAMES   APIVERSION   NAMESPACED   KIND   VERBS   CATEGORIES
      controllerrevisions      apps/v1   true   ControllerRevision   create,delete,deletecollection,get,list,patch,update,watch
      daemonsets   ds   apps/v1   true   DaemonSet   create,delete,deletecollection,get,list,patch,update,watch   all
      deployments   deploy   apps/v1   true   Deployment   create,delete,deletecollection,get,list,patch,update,watch   all
      replicasets   rs   apps/v1   true   ReplicaSet   create,delete,deletecollection,get,list,patch,update,watch   all
      statefulsets   sts   apps/v1   true   StatefulSet   create,delete,deletecollection,get,list,patch,update,watch   all
      $ kubectl api-resources --verbs=list,watch --namespaced=false --api-group=rbac.authorization.k8s.io -o name
      clusterrolebindings.rbac.authorization.k8s.io
      clusterroles.rbac.authorization.k8s.io
      $ kubectl api-resources --categories=all -o name --sort-by=name
      cronjobs.batch
      daemonsets.apps
      deployments.apps
      horizontalpodautoscalers.autoscaling
      jobs.batch
      pods
      replicasets.apps
      replicationcontrollers
      services
      statefulsets.apps
      $ kubectl api-resources --no-headers | wc -l
      6…
      $ kubectl version
      Client Version: v1.35.…
      Kustomize Version: v5…
      Server Version: v1.35.0…
      $ kubectl cluster-info
      …Kubernetes control plane…is running at …https://127.0.0.1:……

      To further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.
      $ kubectl cluster-info dump --output-directory=dump
      Cluster info dumped to dump
      $ ls dump dump/kube-system
      dump:
      kube-system
      nodes.json
      serving

      dump/kube-system:
      daemonsets.json
      deployments.json
      events.json
      pods.json
      replicasets.json
      replication-controllers.json
      services.json
      $ kubectl get --raw /readyz
      ok
      $ kubectl wait --for=condition=Available apiservice/v1. apiservice/v2.autoscaling --timeout=30s
      apiservice.apiregistration.k8s.io/v1. condition met
      apiservice.apiregistration.k8s.io/v2.autoscaling condition met
      $ kubectl get apiservices v1. v2.autoscaling
      NAME   SERVICE   AVAILABLE   AGE
      v1.   Local   True   …
      v2.autoscaling   Local   True   …
      $ kubectl get apiservices nobody
      Error from server (NotFound): apiservices.apiregistration.k8s.io "nobody" not found
      [exit 1]
      $ kubectl top pods
      No resources found in serving namespace.
      $ kubectl top node node-0
      NAME   CPU(cores)   CPU(%)   MEMORY(bytes)   MEMORY(%)
      node-0   …m   …%   …Mi   …%
    `);
  });

  it('what each kind is made of', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'explaining');
    await terminal.play(`
      $ kubectl explain deployment.spec.strategy
      GROUP:      apps
      KIND:       Deployment
      VERSION:    v1

      FIELD: strategy <DeploymentStrategy>


      DESCRIPTION:
          The deployment strategy to use to replace existing pods with new ones.
          DeploymentStrategy describes how to replace existing pods with new ones.

      FIELDS:
        rollingUpdate	<RollingUpdateDeployment>
          Rolling update config params. Present only if DeploymentStrategyType =
          RollingUpdate.

        type	<string>
        enum: Recreate, RollingUpdate
          Type of deployment. Can be "Recreate" or "RollingUpdate". Default is
          RollingUpdate.

          Possible enum values:
           - \`"Recreate"\` Kill all existing pods before creating new ones.
           - \`"RollingUpdate"\` Replace the old ReplicaSets by new one using rolling
          update i.e gradually scale down the old ReplicaSets and scale up the new
          one.
      $ kubectl explain horizontalpodautoscalers --api-version=autoscaling/v1 | head -3
      GROUP:      autoscaling
      KIND:       HorizontalPodAutoscaler
      VERSION:    v1
      $ kubectl explain pods.spec.containers.resources.limits | sed -n 4p
      FIELD: limits <map[string]Quantity>
      $ kubectl explain deployments --output=plaintext-openapiv2 | head -7
      KIND:     Deployment
      VERSION:  apps/v1

      DESCRIPTION:
           Deployment enables declarative updates for Pods and ReplicaSets.

      FIELDS:
      $ kubectl explain deployments.apiVersion | grep defines
          APIVersion defines the versioned schema of this representation of an object.
      $ kubectl explain pods.nothing
      KIND:       Pod
      VERSION:    v1

      error: field "nothing" does not exist
      [exit 1]
      $ kubectl explain unicorns
      the server doesn't have a resource type "unicorns"
      [exit 1]
      $ for kind in $(kubectl api-resources -o name | grep -v '^events\\.\\|\\.metrics\\.'); do
      >   kubectl explain $kind > text 2>&1 && grep -q '^FIELDS' text || echo $kind
      > done
      $ kubectl explain pods.containers.usage --api-version=metrics.k8s.io/v1beta1 | grep FIELD
      FIELD: usage <map[string]Quantity>
      $ kubectl explain pods --recursive | grep -c '<'
      …
    `);
  });

  it('who one is and what one may', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'allowing');
    terminal.file(
      'role.json',
      '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r","namespace":"allowing"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["delete"]}]}',
    );
    await terminal.play(`
      $ kubectl auth whoami
      ATTRIBUTE   VALUE
      Username    kubernetes-admin
      Groups      [system:masters system:authenticated]
      Extra: authentication.kubernetes.io/credential-id   [X509SHA256=…]
      $ kubectl auth whoami --as=jane --as-group=dev
      ATTRIBUTE   VALUE
      Username    jane
      Groups      [dev system:authenticated]
      $ kubectl create serviceaccount sa && kubectl create role r --verb=get,list --resource=pods,pods/log && kubectl create rolebinding rb --role=r --serviceaccount=allowing:sa --user=jane
      serviceaccount/sa created
      role.rbac.authorization.k8s.io/r created
      rolebinding.rbac.authorization.k8s.io/rb created
      $ kubectl auth whoami --token=$(kubectl create token sa) --kubeconfig=/dev/null --server=$(kubectl config view -o jsonpath='{.clusters[0].cluster.server}') --insecure-skip-tls-verify
      ATTRIBUTE   VALUE
      Username    system:serviceaccount:allowing:sa
      UID         …
      Groups      [system:serviceaccounts system:serviceaccounts:allowing system:authenticated]
      Extra: authentication.kubernetes.io/credential-id   [JTI=…]
      $ kubectl auth can-i '*' '*'
      yes
      $ kubectl auth can-i create pods --as jane
      no
      [exit 1]
      $ kubectl auth can-i get pods/log --as system:serviceaccount:allowing:sa
      yes
      $ kubectl auth can-i get /logs/ --as jane
      no
      [exit 1]
      $ kubectl auth can-i get nodes
      Warning: resource 'nodes' is not namespace scoped

      yes
      $ kubectl auth can-i get unicorns
      Warning: the server doesn't have a resource type 'unicorns'

      yes
      $ kubectl auth can-i --list | head -3
      Resources   Non-Resource URLs   Resource Names   Verbs
      *.*   []   []   [*]
         [*]   []   [*]
      $ kubectl auth can-i --list --as jane | head -6
      Resources   Non-Resource URLs   Resource Names   Verbs
      selfsubjectreviews.authentication.k8s.io   []   []   [create]
      selfsubjectaccessreviews.authorization.k8s.io   []   []   [create]
      selfsubjectrulesreviews.authorization.k8s.io   []   []   [create]
      pods/log   []   []   [get list]
      pods   []   []   [get list]
      $ kubectl auth reconcile -f role.json
      role.rbac.authorization.k8s.io/r reconciled
      	reconciliation required update
      	missing rules added:
      		{Verbs:[delete] APIGroups:[] Resources:[pods] ResourceNames:[] NonResourceURLs:[]}
      $ kubectl get pods --as jane
      No resources found in allowing namespace.
      $ kubectl get secrets --as jane
      Error from server (Forbidden): secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" in the namespace "allowing"
      [exit 1]
    `);
  });

  it('certificate requests', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'requests');
    await terminal.play(`
      $ openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout jane.key -subj /O=dev/CN=jane -out jane.csr 2> /dev/null
      > for name in jane john; do
      >   printf '{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"%s"},"spec":{"request":"%s","signerName":"example.com/signer","usages":["client auth"],"expirationSeconds":86400}}' $name $(base64 -w0 jane.csr) | kubectl create -f -
      > done
      certificatesigningrequest.certificates.k8s.io/jane created
      certificatesigningrequest.certificates.k8s.io/john created
      $ kubectl get csr jane
      NAME   AGE   SIGNERNAME   REQUESTOR   REQUESTEDDURATION   CONDITION
      jane   …   example.com/signer   kubernetes-admin   24h   Pending
      $ kubectl certificate approve jane
      certificatesigningrequest.certificates.k8s.io/jane approved
      $ kubectl certificate deny jane
      error: certificate signing request "jane" is already Approved
      [exit 1]
      $ kubectl certificate deny john
      certificatesigningrequest.certificates.k8s.io/john denied
      $ kubectl get csr jane john --no-headers
      jane   …   example.com/signer   kubernetes-admin   24h   Approved
      john   …   example.com/signer   kubernetes-admin   24h   Denied
      $ kubectl get csr jane -o jsonpath='{.status.conditions[0].lastTransitionTime}'
      20…Z
      $ kubectl describe csr jane | grep -A3 Subject
      Subject:
               Common Name:    jane
               Serial Number:
               Organization:   dev
      $ printf '{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"joan"},"spec":{"request":"%s","signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"]}}' $(base64 -w0 jane.csr) | kubectl create -f -
      certificatesigningrequest.certificates.k8s.io/joan created
      $ kubectl certificate approve joan
      certificatesigningrequest.certificates.k8s.io/joan approved
      $ kubectl wait csr/joan --for=jsonpath='{.status.certificate}' --timeout=30s
      certificatesigningrequest.certificates.k8s.io/joan condition met
      $ kubectl get csr joan --no-headers
      joan   …   kubernetes.io/kube-apiserver-client   kubernetes-admin   <none>   Approved,Issued
      $ kubectl get csr joan -o jsonpath='{.status.certificate}' | base64 -d > jane.crt
      > kubectl --client-certificate jane.crt --client-key jane.key auth whoami -o jsonpath='{.status.userInfo.username} {.status.userInfo.groups[0]}'
      jane dev
      $ kubectl certificate approve nobody
      Error from server (NotFound): certificatesigningrequests.certificates.k8s.io "nobody" not found
      [exit 1]
    `);
  });

  it('nodes, and makes room on them', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'nodes');
    const onNode = `{"spec":{"nodeName":"simulated-1"}}`;
    await terminal.play(`
      $ kubectl get nodes
      NAME   STATUS   ROLES   AGE   VERSION
      node-0   Ready   …   …   v1.35…
      simulated-0   Ready   <none>   …   v1.35…
      simulated-1   Ready   <none>   …   v1.35…
      $ kubectl taint nodes simulated-0 a=b:NoSchedule
      node/simulated-0 tainted
      $ kubectl taint nodes simulated-0 a=b:NoSchedule
      error: node simulated-0 already has a taint(s) with same effect(s) and --overwrite is false
      [exit 1]
      $ kubectl taint nodes simulated-0 a=c:NoSchedule --overwrite
      node/simulated-0 modified
      $ kubectl taint nodes simulated-0 a:NoSchedule-
      node/simulated-0 untainted
      $ kubectl taint nodes simulated-0 a:NoSchedule-
      error: taint "a:NoSchedule" not found
      [exit 1]
      $ kubectl cordon simulated-1
      node/simulated-1 cordoned
      $ kubectl cordon simulated-1
      node/simulated-1 already cordoned
      $ kubectl get node simulated-1 --no-headers
      simulated-1   Ready,SchedulingDisabled   <none>   …   v1.35…
      $ kubectl run lone --image=nginx --overrides='${onNode}' && kubectl wait --for=condition=Ready pod/lone --timeout=60s
      pod/lone created
      pod/lone condition met
      $ kubectl drain simulated-1
      node/simulated-1 already cordoned
      error: unable to drain node "simulated-1" due to error: cannot delete cannot delete Pods that declare no controller (use --force to override): nodes/lone…, continuing command...
      There are pending nodes to be drained:
       simulated-1
      cannot delete cannot delete Pods that declare no controller (use --force to override): nodes/lone…
      [exit 1]
      $ kubectl drain simulated-1 --force --ignore-daemonsets --pod-selector=run=lone
      node/simulated-1 already cordoned
      Warning: deleting Pods that declare no controller: nodes/lone
      evicting pod nodes/lone
      pod/lone evicted
      node/simulated-1 drained
      $ kubectl uncordon simulated-1
      node/simulated-1 uncordoned
      $ kubectl uncordon simulated-1
      node/simulated-1 already uncordoned
      $ kubectl describe node simulated-1 | grep -E '^(Name|Taints|Unschedulable)'
      Name:   simulated-1
      Taints:   <none>
      Unschedulable:   false
    `);
  });

  it('how to look into pods', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'debugging');
    await terminal.play(`
      $ kubectl run p --image=nginx && kubectl wait --for=condition=Ready pod/p --timeout=60s
      pod/p created
      pod/p condition met
      $ kubectl debug p --profile=general --image=busybox -c look --target=p -- sleep 1
      Targeting container "p". If you don't see processes from this container it may be because the container runtime doesn't support this feature.
      $ kubectl get pod p -o jsonpath='{.spec.ephemeralContainers[*].name}'
      look
      $ kubectl debug p --profile=general --image=busybox -c look2 --target=nobody -- sleep 1
      Targeting container "nobody". If you don't see processes from this container it may be because the container runtime doesn't support this feature.
      The Pod "p" is invalid: spec.ephemeralContainers[1].targetContainerName: Not found: "nobody"
      [exit 1]
      $ kubectl debug p --profile=general --image=busybox --copy-to=copy -c look -- sleep 1
      $ kubectl get pod copy -o jsonpath='{.spec.containers[*].name}'
      p look
      $ kubectl debug node/simulated-0 --profile=general --image=busybox -- sleep 1
      Creating debugging pod node-debugger-simulated-0-… with container debugger on node simulated-0.
      $ kubectl debug nobody --profile=general --image=busybox
      Error from server (NotFound): pods "nobody" not found
      [exit 1]
      $ kubectl logs nobody
      error: error from server (NotFound): pods "nobody" not found in namespace "debugging"
      [exit 1]
      $ kubectl logs p -c nobody
      error: container nobody is not valid for pod p
      [exit 1]
      $ kubectl logs p --since=1h --since-time=2020-01-01T00:00:00Z
      error: at most one of \`sinceTime\` or \`sinceSeconds\` may be specified
      [exit 1]
      $ kubectl exec nobody -- ls
      Error from server (NotFound): pods "nobody" not found
      [exit 1]
      $ kubectl port-forward pod/nobody 80
      Error from server (NotFound): pods "nobody" not found
      [exit 1]
    `);
  });

  it('how to be a proxy', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'proxying');
    terminal.file(
      'ask',
      `kubectl proxy --port=0 > said & proxy=$!
until grep -qs '127.0.0.1:[0-9]' said; do sleep 0.1; done
node -e 'fetch("http://" + require("fs").readFileSync("said","utf8").match(/127\\.0\\.0\\.1:\\d+/)[0] + process.argv[1]).then(r => r.text()).then(t => console.log(t))' "$1"
kill $proxy
`,
      0o755,
    );
    await terminal.play(`
      $ sh ask /api/v1/namespaces/proxying
      {…"name":"proxying"…}
    `);
  });
});
