import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Berth, openTerminal, startBerth } from './harness/index.ts';

const chart = (name: string) => join(import.meta.dirname, 'charts', name);

/** Charts as operators meet them, through what operators do to them. */
describe.concurrent('helm, on charts in the manner of well-known ones:', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await startBerth({ args: ['--runtime', 'simulated'] });
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  it('a controller that brings its kinds in templates', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'certs');
    terminal.file(
      'web.yaml',
      'apiVersion: certs.example.com/v1\nkind: Certificate\nmetadata: {name: web}\nspec: {secretName: web-tls, issuerRef: {name: self}}\n',
    );
    const certs = chart('certs');
    await terminal.play(`
      $ helm install cm ${certs} -n certs-system --create-namespace --set check.exitCode=1 --wait --timeout 60s 2>&1 | tail -1
      Error: INSTALLATION FAILED: failed post-install: resource Job/certs-system/cm-check not ready. status: Failed, message: Job Failed. failed: 1/1
      $ kubectl get jobs,roles -n certs-system -o name
      job.batch/cm-check
      $ helm uninstall cm -n certs-system
      These resources were kept due to the resource policy:
      [CustomResourceDefinition] issuers.certs.example.com
      [CustomResourceDefinition] certificates.certs.example.com

      release "cm" uninstalled
      $ helm install other ${certs} -n certs-system 2>&1 | head -1
      Error: INSTALLATION FAILED: unable to continue with install: CustomResourceDefinition "issuers.certs.example.com" in namespace "" exists and cannot be imported into the current release: invalid ownership metadata; annotation validation error: key "meta.helm.sh/release-name" must equal "other": current value is "cm"
      $ helm install cm ${certs} -n certs-system --wait --timeout 60s
      NAME: cm
      LAST DEPLOYED: …
      NAMESPACE: certs-system
      STATUS: deployed
      REVISION: 1
      DESCRIPTION: Install complete
      TEST SUITE: None
      $ kubectl get jobs,serviceaccounts,roles,rolebindings -n certs-system -o name
      serviceaccount/cm
      serviceaccount/default
      $ kubectl apply -f web.yaml
      Error from server (InternalError): error when creating "web.yaml": Internal error occurred: failed calling webhook "webhook.certs.example.com": failed to call webhook: Post "https://cm-webhook.certs-system.svc:443/validate?timeout=1s": no endpoints available for service "cm-webhook"
      [exit 1]
      $ kubectl label namespace certs certs.example.com/disable-validation=true
      namespace/certs labeled
      $ kubectl apply -f web.yaml
      certificate.certs.example.com/web created
      $ kubectl get certs -o wide
      NAME                                READY   SECRET    STATUS
      certificate.certs.example.com/web           web-tls
      $ kubectl patch certificate web --type=merge -p '{"spec":{"issuerRef":null}}'
      The Certificate "web" is invalid: spec: Invalid value: a certificate needs an issuer
      [exit 1]
      $ kubectl create rolebinding jane --clusterrole=view --user=jane && kubectl auth can-i list certificates.certs.example.com --as jane
      rolebinding.rbac.authorization.k8s.io/jane created
      yes
      $ helm upgrade cm ${certs} -n certs-system --set crds.keep=false --wait --timeout 60s | grep DESC
      DESCRIPTION: Upgrade complete
      $ helm uninstall cm -n certs-system --wait
      release "cm" uninstalled
      $ kubectl get certificates
      Error from server (NotFound): Unable to list "certs.example.com/v1, Resource=certificates": the server could not find the requested resource (get certificates.certs.example.com)
      [exit 1]
    `);
  });

  it('a database with claims, a kept password and a test', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'database');
    const database = chart('database');
    await terminal.play(`
      $ helm install db ${database} --wait --timeout 60s | grep -E 'STATUS|DESC'
      STATUS: deployed
      DESCRIPTION: Install complete
      $ kubectl get statefulsets,persistentvolumeclaims
      NAME                  READY   AGE
      statefulset.apps/db   2/2     …

      NAME                              STATUS   VOLUME   CAPACITY   ACCESS MODES   STORAGECLASS   VOLUMEATTRIBUTESCLASS   AGE
      persistentvolumeclaim/data-db-0   Bound    pvc-…   1Gi        RWO            standard       <unset>                 …
      persistentvolumeclaim/data-db-1   Bound    pvc-…   1Gi        RWO            standard       <unset>                 …
      $ kubectl get secret db -o jsonpath='{.data.password}' > password
      $ helm upgrade db ${database} --set config.max_connections=200 --wait --timeout 60s | grep DESC
      DESCRIPTION: Upgrade complete
      $ kubectl get secret db -o jsonpath='{.data.password}' | cmp - password
      $ kubectl get pods -o jsonpath='{.items[*].metadata.annotations}' | tr ' ' '\\n' | sort -u | wc -l
      1
      $ kubectl get controllerrevisions --no-headers | wc -l
      2
      $ helm upgrade db ${database} --set size=2Gi 2>&1 | tail -1
      Error: UPGRADE FAILED: StatefulSet.apps "db" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden
      $ helm upgrade db ${database} --set replicas=-1 --server-side=false 2>&1 | tail -1
      Error: UPGRADE FAILED: cannot patch "db" with kind StatefulSet: StatefulSet.apps "db" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0
      $ helm rollback db 2 --wait --timeout 60s
      Rollback was a success! Happy Helming!
      $ helm upgrade db ${database} --reuse-values --set replicas=3 --wait --timeout 60s | grep DESC
      DESCRIPTION: Upgrade complete
      $ helm get values db -o json
      {"config":{"max_connections":200},"replicas":3}
      $ helm test db | tail -1
      Phase:          Succeeded
      $ helm upgrade db ${database} --reuse-values --set testExitCode=1 | grep DESC
      DESCRIPTION: Upgrade complete
      $ helm test db 2>&1 | grep -E '^(Phase|Error)'
      Phase:          Failed
      Error: resource Pod/database/db-connect not ready. status: Failed, message: pod db-connect failed
      $ helm get all db | grep -cE '^(NAME|CHART|HOOKS|MANIFEST|COMPUTED VALUES|USER-SUPPLIED VALUES|# Source):?'
      …
      $ helm history db | cut -f 1,3
      REVISION	STATUS
      1       	superseded
      2       	superseded
      3       	failed
      4       	failed
      5       	superseded
      6       	superseded
      7       	deployed
      $ helm uninstall db --wait --keep-history
      release "db" uninstalled
      $ helm list --uninstalled --no-headers | cut -f 1,5
      db	uninstalled
      $ kubectl get statefulsets,services,persistentvolumeclaims -o name
      persistentvolumeclaim/data-db-0
      persistentvolumeclaim/data-db-1
      persistentvolumeclaim/data-db-2
      $ helm rollback db 1 --wait --timeout 60s
      Rollback was a success! Happy Helming!
      $ kubectl get pods -o name
      pod/db-0
      pod/db-1
      pod/db-connect
    `);
  });

  it('a controller whose webhook gets its certificate from jobs', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'ingress');
    const ingress = chart('ingress');
    const authority = `kubectl get validatingwebhookconfiguration in-admission -o jsonpath='{.webhooks[0].clientConfig.caBundle}'`;
    await terminal.play(`
      $ helm install in ${ingress} --set jobs.createExitCode=1 --timeout 60s 2>&1 | tail -1
      Error: INSTALLATION FAILED: failed pre-install: resource Job/ingress/in-admission-create not ready. status: Failed, message: Job Failed. failed: 1/1
      $ kubectl get jobs,deployments -o name
      job.batch/in-admission-create
      $ helm upgrade --install in ${ingress} --reset-values --wait --timeout 60s 2> /dev/null | grep -E 'STATUS|DESC'
      STATUS: deployed
      DESCRIPTION: Upgrade complete
      $ kubectl get jobs,serviceaccounts,roles,clusterroles -o name | grep -v ':' | grep -E 'admission|default'
      serviceaccount/default
      $ kubectl get ingressclass,services
      NAME                                CONTROLLER            PARAMETERS   AGE
      ingressclass.networking.k8s.io/in   example.com/ingress   <none>       …

      NAME                   TYPE           CLUSTER-IP   EXTERNAL-IP   PORT(S)                      AGE
      service/in             LoadBalancer   10.…   <pending>     80:3…/TCP,443:3…/TCP   …
      service/in-admission   ClusterIP      10.…   <none>        443/TCP                      …
      $ kubectl patch validatingwebhookconfiguration in-admission --type=json -p '[{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"LS0tCg=="}]'
      validatingwebhookconfiguration.admissionregistration.k8s.io/in-admission patched
      $ helm upgrade in ${ingress} --set image=controller:2 --wait --timeout 60s 2> /dev/null | grep DESC
      DESCRIPTION: Upgrade complete
      $ ${authority}
      LS0tCg==
      $ helm upgrade in ${ingress} --set image=controller:3 --server-side=false | grep DESC
      DESCRIPTION: Upgrade complete
      $ ${authority}
      LS0tCg==
      $ kubectl create ingress x --class=in --rule='a.example.com/*=in:80'
      ingress.networking.k8s.io/x created
      $ helm upgrade in ${ingress} --set jobs.createExitCode=1,image=controller:4 --timeout 60s 2>&1 | tail -1
      Error: UPGRADE FAILED: pre-upgrade hooks failed: resource Job/ingress/in-admission-create not ready. status: Failed, message: Job Failed. failed: 1/1
      $ kubectl get deployment in -o jsonpath='{.spec.template.spec.containers[0].image}'
      controller:3
      $ helm history in | cut -f 1,3
      REVISION	STATUS
      1       	superseded
      2       	superseded
      3       	superseded
      4       	deployed
      5       	failed
      $ helm uninstall in --wait
      release "in" uninstalled
      $ kubectl get deployments,services,ingressclass,validatingwebhookconfigurations,jobs -o name
      job.batch/in-admission-create
    `);
  });

  it('kinds that hold whole pods', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'monitoring');
    cpSync(chart('monitoring'), join(terminal.folder, 'monitoring'), { recursive: true });
    const schemas = JSON.parse(await berth.kubectl('get', '--raw', '/openapi/v3/api/v1')) as OpenApi;
    terminal.file('monitoring/crds/monitors.json', JSON.stringify(monitorDefinition(schemas)));
    await terminal.play(`
      $ test $(wc -c < monitoring/crds/monitors.json) -gt 500000
      $ kubectl apply -f monitoring/crds
      The CustomResourceDefinition "monitors.monitoring.example.com" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes
      [exit 1]
      $ helm install m monitoring | grep -E 'STATUS|DESC'
      STATUS: deployed
      DESCRIPTION: Install complete
      $ kubectl apply --server-side -f monitoring/crds --force-conflicts
      customresourcedefinition.apiextensions.k8s.io/monitors.monitoring.example.com serverside-applied
      $ kubectl explain monitor.spec.template.spec.containers.ports.protocol | sed -n '1,5p'
      GROUP:      monitoring.example.com
      KIND:       Monitor
      VERSION:    v1

      FIELD: protocol <string>
      $ kubectl get monitor m -o jsonpath='{.spec.template.spec.containers[0]}'
      {"image":"reloader:1","name":"reloader","ports":[{"containerPort":8080,"name":"web","protocol":"TCP"},{"containerPort":8080,"name":"web","protocol":"UDP"}],"resources":{"limits":{"cpu":1,"memory":"50Mi"},"requests":{"cpu":"10m","memory":"50Mi"}}}
      $ helm upgrade m monitoring --set retention=ever 2>&1 | tail -1
      Error: UPGRADE FAILED: Monitor.monitoring.example.com "m" is invalid: spec.retention: Invalid value: "ever": spec.retention in body should match '^[0-9]+[ywdhms]$'
      $ kubectl scale monitor m --replicas=3
      monitor.monitoring.example.com/m scaled
      $ helm upgrade m monitoring --set retention=20d 2>&1 | tail -1
      Error: UPGRADE FAILED: conflict occurred while applying object monitoring/m monitoring.example.com/v1, Kind=Monitor: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using monitoring.example.com/v1: .spec.replicas
      $ helm upgrade m monitoring --set retention=20d --server-side=false | grep DESC
      DESCRIPTION: Upgrade complete
      $ kubectl get monitor m -o jsonpath='{.spec.replicas} {.spec.retention}'
      3 20d
      $ helm upgrade m monitoring --set retention=30d --server-side=true --force-conflicts | grep DESC
      DESCRIPTION: Upgrade complete
      $ kubectl get monitor m -o jsonpath='{.spec.replicas} {.spec.retention}'
      2 30d
      $ helm uninstall m && kubectl get monitors
      release "m" uninstalled
      No resources found in monitoring namespace.
    `);
  });

  it.each([true, false])('three hundred objects at once, with --server-side=%s', async (serverSide) => {
    await using terminal = await openTerminal(berth.kubeconfig, `many-${serverSide}`);
    terminal.file('many/Chart.yaml', 'apiVersion: v2\nname: many\nversion: 1.0.0\n');
    terminal.file('many/values.yaml', 'count: 60\ntier: one\n');
    const kinds = `---
apiVersion: v1
kind: ConfigMap
data: {text: "{{ repeat 40 "lorem ipsum " }}"}
---
apiVersion: v1
kind: Secret
stringData: {number: "{{ $i }}"}
---
apiVersion: v1
kind: Service
spec: {selector: {app: many-{{ $i }}}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ServiceAccount
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
`;
    const named = kinds.replaceAll(
      /^kind: .*$/gm,
      '$&\nmetadata: {name: many-{{ $i }}, labels: {tier: {{ $.Values.tier }}}}',
    );
    terminal.file('many/templates/many.yaml', `{{- range $i := until (int .Values.count) }}\n${named}{{- end }}\n`);
    const count = (tier: string) =>
      `kubectl get configmaps,secrets,services,serviceaccounts,roles -l tier=${tier} -o name | wc -l`;
    await terminal.play(`
        $ helm install many many --server-side=${serverSide} --wait --timeout 80s | grep DESC
        DESCRIPTION: Install complete
        $ ${count('one')}
        300
        $ helm upgrade many many --set tier=two,count=50 --wait --timeout 80s | grep DESC
        DESCRIPTION: Upgrade complete
        $ ${count('two')}
        250
        $ ${count('one')}
        0
        $ helm rollback many 1 --wait --timeout 80s
        Rollback was a success! Happy Helming!
        $ ${count('one')}
        300
        $ helm uninstall many --wait --timeout 80s
        release "many" uninstalled
        $ ${count('one')}
        0
      `);
  });
});

interface Schema {
  $ref?: string;
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  required?: string[];
  [keyword: string]: unknown;
}

interface OpenApi {
  components: { schemas: Record<string, Schema> };
}

/** A schema without references and without what definitions may not say. */
function structural(api: OpenApi, schema: Schema): Schema {
  const name = (schema.$ref ?? schema.allOf?.[0]?.$ref)?.split('/').at(-1);
  const either = { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] };
  if (name?.endsWith('.Quantity') || name?.endsWith('.IntOrString')) return either;
  if (name?.endsWith('.Time')) return { type: 'string', format: 'date-time' };
  if (name !== undefined) return structural(api, api.components.schemas[name] ?? {});
  const made: Schema = {};
  for (const keyword of [
    'type',
    'format',
    'description',
    'enum',
    'required',
    'x-kubernetes-list-type',
    'x-kubernetes-list-map-keys',
    'x-kubernetes-map-type',
  ]) {
    if (schema[keyword] !== undefined) made[keyword] = schema[keyword];
  }
  if (schema.items) made.items = structural(api, schema.items);
  if (schema.additionalProperties) made.additionalProperties = structural(api, schema.additionalProperties);
  if (schema.properties) {
    const inner = Object.entries(schema.properties).map(([key, value]) => [key, structural(api, value)] as const);
    made.properties = Object.fromEntries(inner);
  }
  // What a list is keyed by has to be there, or to have a default.
  for (const key of (schema['x-kubernetes-list-map-keys'] as string[] | undefined) ?? []) {
    const item = made.items as Schema;
    const property = item.properties?.[key];
    if (key === 'protocol' && property) property.default = 'TCP';
    else item.required = [...new Set([...(item.required ?? []), key])];
  }
  return made;
}

function monitorDefinition(api: OpenApi): object {
  const template = structural(api, { $ref: '/io.k8s.api.core.v1.PodTemplateSpec' });
  template.properties = {
    ...template.properties,
    metadata: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  };
  const spec = {
    type: 'object',
    properties: {
      replicas: { type: 'integer', format: 'int32' },
      retention: { type: 'string', pattern: '^[0-9]+[ywdhms]$' },
      template,
      canary: template,
    },
  };
  const status = { type: 'object', properties: { replicas: { type: 'integer' } } };
  const version = {
    ...{ name: 'v1', served: true, storage: true },
    subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
    schema: { openAPIV3Schema: { type: 'object', required: ['spec'], properties: { spec, status } } },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'monitors.monitoring.example.com' },
    spec: {
      ...{ group: 'monitoring.example.com', scope: 'Namespaced', versions: [version] },
      names: { kind: 'Monitor', listKind: 'MonitorList', plural: 'monitors', singular: 'monitor' },
    },
  };
}
