import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Berth, openTerminal, startBerth, type Terminal } from './harness/index.ts';

const hooks = ['pre-install', 'post-install', 'pre-upgrade', 'post-upgrade', 'pre-rollback', 'pre-delete'];

/** A chart with a workload, hooks as jobs, a test, and what it asks the cluster about. */
function webChart(terminal: Terminal): void {
  terminal.file('web/Chart.yaml', 'apiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: "1"\n');
  terminal.file('web/values.yaml', 'replicas: 1\nimage: nginx:1\nzone: {}\n');
  terminal.file('web/templates/NOTES.txt', 'Thank you for {{ .Release.Name }}.\n');
  terminal.file(
    'web/templates/web.yaml',
    `apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Release.Name }}}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      nodeSelector: {{ .Values.zone | toJson }}
      containers: [{name: c, image: {{ .Values.image }}}]
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: {{ .Release.Name }}}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data:
  replicas: {{ .Values.replicas | quote }}
  here: {{ (lookup "v1" "Namespace" "" .Release.Namespace).metadata.name | quote }}
  version: {{ .Capabilities.KubeVersion.Version }}
  apps: {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" | quote }}
`,
  );
  const policies: Record<string, string> = { 'post-install': 'before-hook-creation' };
  for (const hook of hooks) {
    terminal.file(
      `web/templates/${hook}.yaml`,
      `apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-${hook}
  annotations: {helm.sh/hook: ${hook}, helm.sh/hook-delete-policy: "${policies[hook] ?? 'before-hook-creation,hook-succeeded'}"}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}
`,
    );
  }
  terminal.file(
    'web/templates/tests/test.yaml',
    `apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}-test, annotations: {helm.sh/hook: test, helm.sh/hook-delete-policy: hook-succeeded}}
spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [sleep, "0"]}]}
`,
  );
}

const definition = (kind: string) => {
  const plural = `${kind.toLowerCase()}s`;
  return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${plural}.${kind.toLowerCase()}.example.com}
spec:
  group: ${kind.toLowerCase()}.example.com
  scope: Namespaced
  names: {plural: ${plural}, singular: ${kind.toLowerCase()}, kind: ${kind}}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [size]
            properties: {size: {type: integer, minimum: 1}, colour: {type: string, default: red}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
`;
};

/** Helm as it is used on any cluster: releases through their life, on charts with hooks, tests and kinds of their own. */
describe.concurrent('helm', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await startBerth({ args: ['--runtime', 'simulated'] });
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  it('takes a release through its life', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'life');
    webChart(terminal);
    await terminal.play(`
      $ helm install w web --dry-run=server | grep -E '^(STATUS|DESCRIPTION|  here|  version|  apps)'
      STATUS: pending-install
      DESCRIPTION: Dry run complete
        here: "life"
        version: v1.35.0…
        apps: "true"
      $ helm install w web --wait --timeout 60s
      NAME: w
      LAST DEPLOYED: …
      NAMESPACE: life
      STATUS: deployed
      REVISION: 1
      DESCRIPTION: Install complete
      NOTES:
      Thank you for w.
      $ helm list --no-headers | cut -f 1,2,3,5,6
      w	life	1	deployed	web-1.0.0
      $ helm status w | grep '^==>' | sort
      ==> v1/ConfigMap
      ==> v1/Deployment
      ==> v1/Pod(related)
      ==> v1/Service
      $ kubectl get jobs -o name
      job.batch/w-post-install
      $ helm upgrade w web --set replicas=2 --wait --timeout 60s
      Release "w" has been upgraded. Happy Helming!
      …
      STATUS: deployed
      REVISION: 2
      DESCRIPTION: Upgrade complete
      NOTES:
      Thank you for w.
      $ helm get values w
      USER-SUPPLIED VALUES:
      replicas: 2
      $ helm get manifest w | grep -c '^kind'
      3
      $ helm get hooks w | grep -c 'helm.sh/hook:'
      7
      $ helm upgrade w web --set zone.no=where,image=nginx:2 --rollback-on-failure --timeout 3s 2>&1 | tail -2
      Error: UPGRADE FAILED: release w failed, and has been rolled back due to rollback-on-failure being set: resource Deployment/life/w not ready. status: InProgress, message: …
      context deadline exceeded
      $ helm rollback w 1 --wait --timeout 60s
      Rollback was a success! Happy Helming!
      $ helm history w | cut -f 1,3,6
      REVISION	STATUS    	DESCRIPTION
      1       	superseded	Install complete
      2       	superseded	Upgrade complete
      3       	failed    	Upgrade "w" failed: …
      4       	superseded	Rollback to 2
      5       	deployed  	Rollback to 1
      $ kubectl get deployment w -o jsonpath='{.spec.replicas} {.spec.template.spec.containers[0].image}'
      1 nginx:1
      $ helm test w | tail -4
      TEST SUITE:     w-test
      Last Started:   …
      Last Completed: …
      Phase:          Succeeded
      $ helm install w web
      level=ERROR msg="release name check failed" error="cannot reuse a name that is still in use"
      Error: INSTALLATION FAILED: release name check failed: cannot reuse a name that is still in use
      [exit 1]
      $ helm uninstall w --wait
      release "w" uninstalled
      $ kubectl get all,configmaps,secrets -o name
      pod/w-post-install-…
      job.batch/w-post-install
      configmap/kube-root-ca.crt
      $ helm uninstall nobody
      Error: uninstall: Release not loaded: nobody: release: not found
      [exit 1]
    `);
  });

  it('runs hooks by weight, and stops at one that fails', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'hooks');
    terminal.file('h/Chart.yaml', 'apiVersion: v2\nname: h\nversion: 1.0.0\n');
    const hook = (name: string, weight: number, spec: string) => `apiVersion: batch/v1
kind: Job
metadata: {name: ${name}, annotations: {helm.sh/hook: pre-install, helm.sh/hook-weight: "${weight}"}}
spec: {backoffLimit: 0, ${spec}template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}
`;
    terminal.file('h/templates/b.yaml', hook('second', 5, ''));
    terminal.file('h/templates/a.yaml', hook('first', -5, ''));
    terminal.file('h/templates/c.yaml', `{{- if .Values.stuck }}\n${hook('stuck', 7, 'suspend: true, ')}{{- end }}\n`);
    terminal.file('h/values.yaml', 'stuck: false\n');
    terminal.file('h/templates/d.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: last}\n');
    await terminal.play(`
      $ helm install h h | grep STATUS
      STATUS: deployed
      $ kubectl get jobs,configmaps --sort-by=.metadata.resourceVersion -o name | grep -v root
      job.batch/first
      job.batch/second
      configmap/last
      $ kubectl get jobs first second -o jsonpath='{.items[*].status.succeeded}'
      1 1
      $ helm uninstall h
      release "h" uninstalled
      $ kubectl delete jobs --all
      job.batch "first" deleted from hooks namespace
      job.batch "second" deleted from hooks namespace
      $ helm install h h --set stuck=true --timeout 2s 2>&1 | tail -1
      …context deadline exceeded
      $ helm list --no-headers | cut -f 1,5
      h	failed
      $ kubectl get configmap last
      Error from server (NotFound): configmaps "last" not found
      [exit 1]
    `);
  });

  it('changes what it applied on the client side into what the server applies', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'sides');
    webChart(terminal);
    const managers = `kubectl get deployment w --show-managed-fields -o jsonpath='{range .metadata.managedFields[*]}{.manager} {.operation};{end}'`;
    await terminal.play(`
      $ helm install w web --server-side=false --no-hooks | grep -E 'STATUS|DESC'
      STATUS: deployed
      DESCRIPTION: Install complete
      $ helm get metadata w | grep APPLY
      APPLY_METHOD: client-side apply
      $ helm upgrade w web --server-side=auto --no-hooks --set replicas=3 | grep DESC
      DESCRIPTION: Upgrade complete
      $ helm get metadata w | grep APPLY
      APPLY_METHOD: client-side apply
      $ kubectl wait --for=condition=Available deployment/w --timeout=60s
      deployment.apps/w condition met
      $ ${managers} | tr ';' '\\n' | grep helm
      helm Update
      $ helm upgrade w web --server-side=true --no-hooks --set replicas=2 | grep DESC
      DESCRIPTION: Upgrade complete
      $ helm get metadata w | grep APPLY
      APPLY_METHOD: server-side apply
      $ ${managers} | tr ';' '\\n' | grep helm
      helm Apply
      $ kubectl get deployment w -o jsonpath='{.spec.replicas}'
      2
      $ kubectl scale deployment w --replicas=5
      deployment.apps/w scaled
      $ helm upgrade w web --no-hooks --set replicas=4 2>&1 | tail -1
      Error: UPGRADE FAILED: conflict occurred while applying object sides/w apps/v1, Kind=Deployment: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas
      $ helm upgrade w web --no-hooks --set replicas=4 --force-conflicts | grep DESC
      DESCRIPTION: Upgrade complete
      $ helm rollback w 3 --server-side=false --no-hooks
      Rollback was a success! Happy Helming!
      $ kubectl get deployment w -o jsonpath='{.spec.replicas}'
      2
    `);
  });

  it('brings kinds of its own, from crds/ and from templates', async () => {
    await using terminal = await openTerminal(berth.kubeconfig, 'kinds');
    terminal.file('k/Chart.yaml', 'apiVersion: v2\nname: k\nversion: 1.0.0\n');
    terminal.file('k/values.yaml', 'size: 3\ngear: false\n');
    terminal.file('k/crds/widget.yaml', definition('Widget'));
    terminal.file('k/templates/gears.yaml', definition('Gear'));
    terminal.file(
      'k/templates/widget.yaml',
      'apiVersion: widget.example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: {{ .Values.size }}}\n',
    );
    terminal.file(
      'k/templates/gear.yaml',
      '{{- if .Values.gear }}\napiVersion: gear.example.com/v1\nkind: Gear\nmetadata: {name: g}\nspec: {size: 1}\n{{- end }}\n',
    );
    await terminal.play(`
      $ helm install k k --wait --timeout 60s | grep DESC
      DESCRIPTION: Install complete
      $ kubectl get widgets
      NAME   SIZE
      w      3
      $ kubectl get widget w -o jsonpath='{.spec}'
      {"colour":"red","size":3}
      $ helm upgrade k k --set gear=true,size=4 | grep DESC
      DESCRIPTION: Upgrade complete
      $ kubectl get gears,widgets
      NAME   SIZE
      gear.gear.example.com/g   1

      NAME   SIZE
      widget.widget.example.com/w   4
      $ helm status k | grep '^==>' | sort
      ==> v1/CustomResourceDefinition
      ==> v1/Gear
      ==> v1/Widget
      $ helm upgrade k k --set size=0 2>&1 | tail -1
      Error: UPGRADE FAILED: …Widget.widget.example.com "w" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1
      $ helm upgrade k k --set size=5 --server-side=false | grep DESC
      DESCRIPTION: Upgrade complete
      $ kubectl get widget w -o jsonpath='{.spec}'
      {"colour":"red","size":5}
      $ helm rollback k 1
      Rollback was a success! Happy Helming!
      $ kubectl get widget w -o jsonpath='{.spec.size}'
      3
      $ kubectl get gears
      No resources found in kinds namespace.
      $ helm uninstall k --wait
      release "k" uninstalled
      $ kubectl get crd -o name | grep -E 'widget|gear'
      customresourcedefinition.apiextensions.k8s.io/widgets.widget.example.com
      $ kubectl get widgets
      No resources found in kinds namespace.
    `);
  });
});
