import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Berth, openTerminal, startBerth } from './harness/index.ts';

const group = 'admissionregistration.k8s.io';
const deployments = `
  matchConstraints:
    resourceRules:
    - apiGroups:   ["apps"]
      apiVersions: ["v1"]
      operations:  ["CREATE", "UPDATE"]
      resources:   ["deployments"]`;

/** The first policy of "Validating Admission Policy" in Kubernetes' documentation. */
const demo = `
apiVersion: ${group}/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: "demo-policy.example.com"
spec:
  failurePolicy: Fail${deployments}
  validations:
    - expression: "object.spec.replicas <= 5"
---
apiVersion: ${group}/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: "demo-binding-test.example.com"
spec:
  policyName: "demo-policy.example.com"
  validationActions: [Deny]
  matchResources:
    namespaceSelector:
      matchLabels:
        environment: test
`;

/** Its second: the limit comes from an object of a kind of one's own. */
const limited = `
apiVersion: ${group}/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: "replicalimit-policy.example.com"
spec:
  failurePolicy: Fail
  paramKind:
    apiVersion: rules.example.com/v1
    kind: ReplicaLimit${deployments}
  validations:
    - expression: "object.spec.replicas <= params.maxReplicas"
      reason: Invalid
---
apiVersion: ${group}/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: "replicalimit-binding-test.example.com"
spec:
  policyName: "replicalimit-policy.example.com"
  validationActions: [Deny]
  paramRef:
    name: "replica-limit-test.example.com"
    namespace: limited
    parameterNotFoundAction: Deny
  matchResources:
    namespaceSelector:
      matchLabels:
        environment: limited
`;

const replicaLimit = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: replicalimits.rules.example.com
spec:
  group: rules.example.com
  scope: Namespaced
  names: {plural: replicalimits, singular: replicalimit, kind: ReplicaLimit}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          maxReplicas: {type: integer}
`;

const limit = `
apiVersion: rules.example.com/v1
kind: ReplicaLimit
metadata:
  name: "replica-limit-test.example.com"
maxReplicas: 3
`;

const wrong = `
apiVersion: ${group}/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: wrong.example.com
spec:${deployments}
  validations:
  - expression: "object.spec.replicas"
  - expression: "object.spec.replicas <= max"
`;

/** After the example of "Mutating Admission Policy"; its \`args\`, a list that is one value, Kubernetes itself refuses. */
const sidecar = `
apiVersion: ${group}/v1beta1
kind: MutatingAdmissionPolicy
metadata:
  name: "sidecar-policy.example.com"
spec:
  matchConstraints:
    resourceRules:
    - apiGroups:   [""]
      apiVersions: ["v1"]
      operations:  ["CREATE"]
      resources:   ["pods"]
    namespaceSelector:
      matchLabels:
        mesh: "on"
  matchConditions:
    - name: does-not-already-have-sidecar
      expression: "!has(object.spec.initContainers) || !object.spec.initContainers.exists(ic, ic.name == \\"mesh-proxy\\")"
  failurePolicy: Fail
  reinvocationPolicy: IfNeeded
  mutations:
    - patchType: "ApplyConfiguration"
      applyConfiguration:
        expression: >
          Object{
            spec: Object.spec{
              initContainers: [
                Object.spec.initContainers{
                  name: "mesh-proxy",
                  image: "mesh/proxy:v1.0.0",
                  restartPolicy: "Always"
                }
              ]
            }
          }
---
apiVersion: ${group}/v1beta1
kind: MutatingAdmissionPolicyBinding
metadata:
  name: "sidecar-binding-test.example.com"
spec:
  policyName: "sidecar-policy.example.com"
`;

const shells = `
apiVersion: ${group}/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: no-shells.example.com
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: [""], apiVersions: ["v1"], operations: ["CONNECT"], resources: ["pods/exec"]}
    namespaceSelector: {matchLabels: {shells: "off"}}
  validations:
  - expression: "!(object.command[0] in ['sh', 'bash'])"
    messageExpression: "'no ' + object.command[0] + ' in ' + request.name"
---
apiVersion: ${group}/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-shells}
spec: {policyName: no-shells.example.com, validationActions: [Deny]}
`;

const denied = (policy: string, binding: string) =>
  `ValidatingAdmissionPolicy '${policy}.example.com' with binding '${binding}.example.com' denied request:`;

describe.concurrent('admission, as kubectl sees it', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await startBerth({ args: ['--runtime', 'simulated'] });
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  it('denies what a policy forbids, in the words of the documentation', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'demo');
    terminal.file('demo.yaml', demo);
    const why = `${denied('demo-policy', 'demo-binding-test')} failed expression: object.spec.replicas <= 5`;
    await terminal.play(`
      $ kubectl label namespace demo environment=test
      namespace/demo labeled
      $ kubectl apply -f demo.yaml
      validatingadmissionpolicy.${group}/demo-policy.example.com created
      validatingadmissionpolicybinding.${group}/demo-binding-test.example.com created
      $ kubectl create deployment nginx --image=nginx --replicas=6
      error: failed to create deployment: deployments.apps "nginx" is forbidden: ${why}
      [exit 1]
      $ kubectl create deployment nginx --image=nginx --replicas=5
      deployment.apps/nginx created
      $ kubectl patch deployment nginx -p '{"spec":{"replicas":7}}'
      The deployments "nginx" is invalid: : ${why}
      [exit 1]
      $ kubectl create deployment nginx --image=nginx --replicas=6 --dry-run=server
      error: failed to create deployment: deployments.apps "nginx" is forbidden: ${why}
      [exit 1]
      $ kubectl get validatingadmissionpolicies demo-policy.example.com
      NAME                      VALIDATIONS   PARAMKIND   AGE
      demo-policy.example.com   1             <unset>     …
      $ kubectl get validatingadmissionpolicybindings demo-binding-test.example.com
      NAME                            POLICYNAME                PARAMREF   AGE
      demo-binding-test.example.com   demo-policy.example.com   <unset>    …
      $ kubectl delete -f demo.yaml
      validatingadmissionpolicy.${group} "demo-policy.example.com" deleted
      validatingadmissionpolicybinding.${group} "demo-binding-test.example.com" deleted
      $ kubectl scale deployment nginx --replicas=6
      deployment.apps/nginx scaled
    `);
  });

  it('takes limits from objects of a kind of one’s own', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'limited');
    for (const [name, text] of Object.entries({ replicaLimit, limit, limited })) terminal.file(`${name}.yaml`, text);
    const who = denied('replicalimit-policy', 'replicalimit-binding-test');
    const kind = '{"metadata":{"labels":{"environment":"limited"}}}';
    await terminal.play(`
      $ kubectl patch namespace limited -p '${kind}'
      namespace/limited patched
      $ kubectl apply -f replicaLimit.yaml
      customresourcedefinition.apiextensions.k8s.io/replicalimits.rules.example.com created
      $ kubectl wait --for=condition=Established crd/replicalimits.rules.example.com
      customresourcedefinition.apiextensions.k8s.io/replicalimits.rules.example.com condition met
      $ kubectl apply -f limited.yaml
      validatingadmissionpolicy.${group}/replicalimit-policy.example.com created
      validatingadmissionpolicybinding.${group}/replicalimit-binding-test.example.com created
      $ kubectl create deployment nginx --image=nginx --replicas=1
      error: failed to create deployment: deployments.apps "nginx" is forbidden: ${who} failed to configure binding: no params found for policy binding with \`Deny\` parameterNotFoundAction
      [exit 1]
      $ kubectl apply -f limit.yaml
      replicalimit.rules.example.com/replica-limit-test.example.com created
      $ kubectl create deployment nginx --image=nginx --replicas=4
      error: failed to create deployment: deployments.apps "nginx" is forbidden: ${who} failed expression: object.spec.replicas <= params.maxReplicas
      [exit 1]
      $ kubectl create deployment nginx --image=nginx --replicas=3
      deployment.apps/nginx created
      $ kubectl get validatingadmissionpolicybinding replicalimit-binding-test.example.com
      NAME                                    POLICYNAME                        PARAMREF                                 AGE
      replicalimit-binding-test.example.com   replicalimit-policy.example.com   limited/replica-limit-test.example.com   …
    `);
  });

  it('refuses policies whose expressions are wrong, and shows where', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'wrong');
    terminal.file('wrong.yaml', wrong);
    await terminal.play(`
      $ kubectl apply -f wrong.yaml
      The ValidatingAdmissionPolicy "wrong.example.com" is invalid: 
      * spec.validations[0].expression: Invalid value: "object.spec.replicas": must evaluate to bool but got dyn
      * spec.validations[1].expression: Invalid value: "object.spec.replicas <= max": compilation failed: ERROR: <input>:1:25: undeclared reference to 'max' (in container '')
       | object.spec.replicas <= max
       | ........................^
      [exit 1]
    `);
  });

  it('adds a sidecar to every pod of a namespace', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'mesh');
    terminal.file('sidecar.yaml', sidecar);
    await terminal.play(`
      $ kubectl label namespace mesh mesh=on
      namespace/mesh labeled
      $ kubectl apply -f sidecar.yaml
      mutatingadmissionpolicy.${group}/sidecar-policy.example.com created
      mutatingadmissionpolicybinding.${group}/sidecar-binding-test.example.com created
      $ kubectl run web --image=nginx
      pod/web created
      $ kubectl get pod web -o jsonpath='{.spec.initContainers[*].name} {.spec.initContainers[*].image} {.spec.initContainers[*].restartPolicy}'
      mesh-proxy mesh/proxy:v1.0.0 Always
      $ kubectl get mutatingadmissionpolicies
      NAME                         MUTATIONS   PARAMKIND   AGE
      sidecar-policy.example.com   1           <unset>     …
      $ kubectl explain mutatingadmissionpolicy.spec.reinvocationPolicy | head -4
      GROUP:      ${group}
      KIND:       MutatingAdmissionPolicy
      VERSION:    v1beta1
    `);
  });

  it('judges connections by what they are to run', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'shells');
    terminal.file('shells.yaml', shells);
    await terminal.play(`
      $ kubectl label namespace shells shells=off
      namespace/shells labeled
      $ kubectl apply -f shells.yaml
      validatingadmissionpolicy.${group}/no-shells.example.com created
      validatingadmissionpolicybinding.${group}/no-shells created
      $ kubectl run web --image=nginx
      pod/web created
      $ kubectl wait --for=condition=Ready pod/web
      pod/web condition met
      $ kubectl exec web -- sh -c date
      The pods "web" is invalid: : ValidatingAdmissionPolicy 'no-shells.example.com' with binding 'no-shells' denied request: no sh in web
      [exit 1]
    `);
  });
});
