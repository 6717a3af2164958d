import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Berth, openTerminal, startBerth } from './harness/index.ts';

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: crontabs.stable.example.com
spec:
  group: stable.example.com
  scope: Namespaced
  names:
    plural: crontabs
    singular: crontab
    kind: CronTab
    shortNames: [ct]
    categories: [all]
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        description: A table of what is to be done when.
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            description: What is wanted.
            required: [cronSpec]
            properties:
              cronSpec:
                type: string
                description: When it is to be done.
                pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$'
              image: {type: string}
              replicas: {type: integer, minimum: 1, maximum: 10, default: 1}
              mounts:
                type: array
                items:
                  type: object
                  properties:
                    path: {type: string, description: Where it appears.}
                    readOnly: {type: boolean}
            x-kubernetes-validations:
            - rule: "!has(self.image) || self.image != 'latest'"
              message: say which image
          status:
            type: object
            properties:
              replicas: {type: integer}
              labelSelector: {type: string}
    selectableFields:
    - jsonPath: .spec.image
    subresources:
      status: {}
      scale:
        specReplicasPath: .spec.replicas
        statusReplicasPath: .status.replicas
        labelSelectorPath: .status.labelSelector
    additionalPrinterColumns:
    - {name: Spec, type: string, jsonPath: .spec.cronSpec, description: The schedule.}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    - {name: Image, type: string, jsonPath: .spec.image, priority: 1}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
`;

const crontab = `
apiVersion: stable.example.com/v1
kind: CronTab
metadata: {name: nightly}
spec:
  cronSpec: "0 3 * * *"
  image: backup:1
`;

/** A kind of one's own, from its definition to its deletion, as a user of kubectl meets it. */
describe('kubectl with a kind of one’s own', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await startBerth({ args: ['--runtime', 'simulated'] });
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  it('defines it, explains it, and uses it', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'crontabs');
    terminal.file('crd.yaml', definition);
    terminal.file('nightly.yaml', crontab);
    await terminal.play(`
      $ kubectl apply -f crd.yaml && kubectl apply -f nightly.yaml
      customresourcedefinition.apiextensions.k8s.io/crontabs.stable.example.com created
      crontab.stable.example.com/nightly created
      $ kubectl wait --for=condition=established crd/crontabs.stable.example.com
      customresourcedefinition.apiextensions.k8s.io/crontabs.stable.example.com condition met
      $ kubectl get crd crontabs.stable.example.com
      NAME                          CREATED AT
      crontabs.stable.example.com   …
      $ kubectl api-resources --api-group=stable.example.com
      NAME       SHORTNAMES   APIVERSION              NAMESPACED   KIND
      crontabs   ct           stable.example.com/v1   true         CronTab
      $ kubectl get ct
      NAME      SPEC        REPLICAS   AGE
      nightly   0 3 * * *   1          …s
      $ kubectl get crontab nightly -o wide
      NAME      SPEC        REPLICAS   IMAGE      AGE
      nightly   0 3 * * *   1          backup:1   …s
      $ kubectl get all
      NAME                                 SPEC        REPLICAS   AGE
      crontab.stable.example.com/nightly   0 3 * * *   1          …s
      $ kubectl get ct --field-selector spec.image=backup:1 -o name
      crontab.stable.example.com/nightly
      $ kubectl get ct --field-selector spec.replicas=1
      Error from server (BadRequest): Unable to find "stable.example.com/v1, Resource=crontabs" that match label selector "", field selector "spec.replicas=1": field label not supported: spec.replicas
      [exit 1]
      $ kubectl explain crontab
      GROUP:      stable.example.com
      KIND:       CronTab
      VERSION:    v1
      …
      DESCRIPTION:
          A table of what is to be done when.
      …
      FIELDS:
      …
        spec	<Object> -required-
          What is wanted.
      …
        status	<Object>
      …
      $ kubectl explain crontab.spec.mounts
      GROUP:      stable.example.com
      KIND:       CronTab
      VERSION:    v1
      …
      FIELD: mounts <[]Object>
      …
      FIELDS:
        path	<string>
          Where it appears.

        readOnly	<boolean>
          <no description>
      $ kubectl explain crontab.spec --recursive
      …
      FIELDS:
        cronSpec	<string> -required-
        image	<string>
        mounts	<[]Object>
          path	<string>
          readOnly	<boolean>
        replicas	<integer>
      $ kubectl patch ct nightly --type=merge -p '{"spec":{"image":"backup:2"}}'
      crontab.stable.example.com/nightly patched
      $ kubectl patch ct nightly -p '{"spec":{"image":"backup:2"}}'
      error: application/strategic-merge-patch+json is not supported by stable.example.com/v1, Kind=CronTab: the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml
      [exit 1]
      $ kubectl patch ct nightly --type=merge -p '{"spec":{"replicas":99,"image":"latest"}}'
      The CronTab "nightly" is invalid:
      * spec.replicas: Invalid value: 99: spec.replicas in body should be less than or equal to 10
      * spec: Invalid value: say which image
      [exit 1]
      $ kubectl patch ct nightly --type=merge -p '{"spec":{"image":"latest"}}'
      The CronTab "nightly" is invalid: spec: Invalid value: say which image
      [exit 1]
      $ kubectl scale --replicas=3 ct/nightly
      crontab.stable.example.com/nightly scaled
      $ kubectl get ct nightly -o jsonpath='{.spec.replicas} {.metadata.generation}'
      3 3
      $ kubectl patch ct nightly --subresource=status --type=merge -p '{"status":{"replicas":2}}' && kubectl get ct nightly --subresource=scale
      crontab.stable.example.com/nightly patched
      NAME      DESIRED   AVAILABLE   AGE
      nightly   3         2           …s
      $ KUBE_EDITOR="sed -i 's/backup:2/backup:3/'" kubectl edit ct nightly
      crontab.stable.example.com/nightly edited
      $ kubectl get ct nightly -o jsonpath='{.spec.image}'
      backup:3
      $ sed -i 's/image:/imagge:/' nightly.yaml && kubectl apply -f nightly.yaml
      The request is invalid: patch: Invalid value: "…": strict decoding error: unknown field "spec.imagge"
      [exit 1]
      $ sed -i 's/imagge:.*/image: "backup:4"/' nightly.yaml && kubectl apply --server-side --field-manager=me -f nightly.yaml
      error: Apply failed with 1 conflict: conflict with "kubectl-edit" using stable.example.com/v1: .spec.image
      …
      [exit 1]
      $ kubectl apply --server-side --field-manager=me -f nightly.yaml --force-conflicts
      crontab.stable.example.com/nightly serverside-applied
      $ kubectl annotate ct nightly note=hi && kubectl label ct nightly a=b && kubectl get ct -l a=b -o name
      crontab.stable.example.com/nightly annotated
      crontab.stable.example.com/nightly labeled
      crontab.stable.example.com/nightly
      $ kubectl auth can-i create crontabs.stable.example.com/status
      yes
      $ kubectl describe ct nightly
      Name:         nightly
      Namespace:    crontabs
      …
      $ kubectl delete -f crd.yaml
      customresourcedefinition.apiextensions.k8s.io "crontabs.stable.example.com" deleted
      $ kubectl get crontabs.stable.example.com
      error: the server doesn't have a resource type "crontabs"
      [exit 1]
    `);
  });

  it('goes with its namespace, and waits for those who hold it', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'moorings');
    terminal.file('crd.yaml', definition.replaceAll('stable.example.com', 'other.example.com'));
    terminal.file('one.yaml', crontab.replaceAll('stable.example.com', 'other.example.com'));
    await terminal.play(`
      $ kubectl create -f crd.yaml && kubectl create -f one.yaml
      customresourcedefinition.apiextensions.k8s.io/crontabs.other.example.com created
      crontab.other.example.com/nightly created
      $ kubectl patch ct nightly --type=merge -p '{"metadata":{"finalizers":["example.com/hold"]}}'
      crontab.other.example.com/nightly patched
      $ kubectl delete crd crontabs.other.example.com --wait=false
      customresourcedefinition.apiextensions.k8s.io "crontabs.other.example.com" deleted
      $ kubectl wait --for=condition=terminating crd/crontabs.other.example.com
      customresourcedefinition.apiextensions.k8s.io/crontabs.other.example.com condition met
      $ sed 's/nightly/daily/' one.yaml | kubectl create -f -
      Error from server (MethodNotAllowed): error when creating "STDIN": create not allowed while custom resource definition is terminating
      [exit 1]
      $ kubectl patch ct nightly --type=merge -p '{"metadata":{"finalizers":null}}'
      crontab.other.example.com/nightly patched
      $ kubectl wait --for=delete crd/crontabs.other.example.com
      $ kubectl create -f crd.yaml && kubectl create -f one.yaml && kubectl delete namespace moorings
      customresourcedefinition.apiextensions.k8s.io/crontabs.other.example.com created
      crontab.other.example.com/nightly created
      namespace "moorings" deleted
      $ kubectl get crontabs.other.example.com -A
      No resources found
    `);
  });
});
