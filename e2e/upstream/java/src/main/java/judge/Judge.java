package judge;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** Judges a cluster with fabric8's client: one check a line; fails at the end if one did. KUBECONFIG names the cluster. */
public final class Judge {
  private final KubernetesClient client;
  private final String space;
  private int passed;
  private int failed;

  private Judge(KubernetesClient client, String space) {
    this.client = client;
    this.space = space;
  }

  private interface Check {
    void run() throws Exception;
  }

  public static void main(String[] arguments) {
    int failed;
    try (KubernetesClient client = new KubernetesClientBuilder().build()) {
      var made =
          client.namespaces()
              .resource(new NamespaceBuilder().withNewMetadata().withGenerateName("java-").endMetadata().build())
              .create();
      var judge = new Judge(client, made.getMetadata().getName());
      judge.check("everyVerb", judge::everyVerb);
      judge.check("patches", judge::patches);
      judge.check("watch", judge::watch);
      judge.check("informer", judge::informer);
      judge.check("serverSideApply", judge::serverSideApply);
      judge.check("deployment", judge::deployment);
      judge.check("leaderElection", judge::leaderElection);
      judge.check("customResources", judge::customResources);
      client.namespaces().resource(made).delete();
      System.out.println(judge.passed + " passed, " + judge.failed + " failed");
      failed = judge.failed;
    }
    System.exit(failed == 0 ? 0 : 1);
  }

  private void check(String name, Check check) {
    try {
      check.run();
      passed++;
      System.out.println("ok      " + name);
    } catch (Exception | AssertionError error) {
      failed++;
      System.out.println("FAILED  " + name);
      error.printStackTrace(System.out);
    }
  }

  private static void ensure(boolean met, Object said) {
    if (!met) throw new AssertionError(String.valueOf(said));
  }

  private static void until(String what, Callable<Boolean> met) throws Exception {
    var end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!met.call()) {
      ensure(System.nanoTime() < end, "still waiting for: " + what);
      Thread.sleep(50);
    }
  }

  private static KubernetesClientException refused(int code, Check call) throws Exception {
    try {
      call.run();
    } catch (KubernetesClientException error) {
      ensure(error.getCode() == code, error);
      return error;
    }
    throw new AssertionError("was not refused");
  }

  private ConfigMap configMap(String name, String value) {
    return new ConfigMapBuilder()
        .withNewMetadata().withName(name).withNamespace(space).addToLabels("from", "java").endMetadata()
        .addToData("value", value)
        .build();
  }

  private void everyVerb() throws Exception {
    var maps = client.configMaps().inNamespace(space);
    var made = maps.resource(configMap("one", "1")).create();
    ensure(made.getMetadata().getUid() != null, made);
    var again = refused(409, () -> maps.resource(configMap("one", "1")).create());
    ensure("configmaps \"one\" already exists".equals(again.getStatus().getMessage()), again.getStatus());
    maps.withName("one").edit(map -> new ConfigMapBuilder(map).addToData("more", "2").build());
    ensure(maps.withName("one").get().getData().size() == 2, maps.withName("one").get());
    made.getData().put("value", "3");
    refused(409, () -> maps.resource(made).lockResourceVersion(made.getMetadata().getResourceVersion()).update());
    ensure(maps.withLabel("from", "java").list().getItems().size() == 1, "list by label");
    ensure(maps.withName("one").delete().size() == 1, "deleted");
    ensure(maps.withName("one").get() == null, "still there");
  }

  private void patches() {
    var maps = client.configMaps().inNamespace(space);
    maps.resource(configMap("patched", "1")).create();
    var one = maps.withName("patched");
    one.patch(PatchContext.of(PatchType.JSON), "[{\"op\":\"add\",\"path\":\"/data/a\",\"value\":\"1\"}]");
    one.patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"b\":\"2\",\"value\":null}}");
    one.patch(PatchContext.of(PatchType.STRATEGIC_MERGE), "{\"data\":{\"c\":\"3\"}}");
    ensure(one.get().getData().equals(Map.of("a", "1", "b", "2", "c", "3")), one.get().getData());
    one.delete();
  }

  private void watch() throws Exception {
    var seen = new CopyOnWriteArrayList<String>();
    var done = new CountDownLatch(1);
    var watcher =
        new Watcher<ConfigMap>() {
          @Override
          public void eventReceived(Action action, ConfigMap map) {
            seen.add(action + " " + map.getMetadata().getName());
            if (action == Action.DELETED) done.countDown();
          }

          @Override
          public void onClose(WatcherException cause) {}
        };
    var maps = client.configMaps().inNamespace(space);
    try (var watch = maps.withName("watched").watch(watcher)) {
      maps.resource(configMap("watched", "1")).create();
      maps.withName("watched").edit(map -> new ConfigMapBuilder(map).addToData("a", "1").build());
      maps.withName("watched").delete();
      ensure(done.await(30, SECONDS), seen);
    }
    ensure(seen.equals(List.of("ADDED watched", "MODIFIED watched", "DELETED watched")), seen);
  }

  private void informer() throws Exception {
    var maps = client.configMaps().inNamespace(space);
    maps.resource(configMap("before", "1")).create();
    var deleted = new CopyOnWriteArrayList<String>();
    var handler =
        new ResourceEventHandler<ConfigMap>() {
          @Override
          public void onAdd(ConfigMap map) {}

          @Override
          public void onUpdate(ConfigMap before, ConfigMap after) {}

          @Override
          public void onDelete(ConfigMap map, boolean unknown) {
            deleted.add(map.getMetadata().getName());
          }
        };
    try (SharedIndexInformer<ConfigMap> informer = maps.withLabel("from", "java").inform(handler)) {
      ensure(informer.getStore().list().size() == 1, "the first list");
      for (int i = 0; i < 20; i++) maps.resource(configMap("item-" + i, "1")).create();
      for (int i = 0; i < 10; i++) maps.withName("item-" + i).delete();
      maps.withName("before").delete();
      until("the informer to agree", () -> versions(maps.withLabel("from", "java").list().getItems()).equals(versions(informer.getStore().list())));
      until("every deletion", () -> deleted.size() == 11);
    }
    maps.withLabel("from", "java").delete();
  }

  private static Map<String, String> versions(List<ConfigMap> maps) {
    var found = new TreeMap<String, String>();
    for (var map : maps) found.put(map.getMetadata().getName(), map.getMetadata().getResourceVersion());
    return found;
  }

  private void serverSideApply() throws Exception {
    var maps = client.configMaps().inNamespace(space);
    var first = maps.resource(configMap("applied", "1")).fieldManager("one").serverSideApply();
    ensure("one".equals(first.getMetadata().getManagedFields().get(0).getManager()), first);
    var conflict = refused(409, () -> maps.resource(configMap("applied", "2")).fieldManager("two").serverSideApply());
    ensure(
        "Apply failed with 1 conflict: conflict with \"one\": .data.value".equals(conflict.getStatus().getMessage()),
        conflict.getStatus().getMessage());
    var forced = maps.resource(configMap("applied", "2")).fieldManager("two").forceConflicts().serverSideApply();
    ensure("2".equals(forced.getData().get("value")), forced);
  }

  private void deployment() throws Exception {
    var labels = Map.of("app", "web");
    var web =
        new DeploymentBuilder()
            .withNewMetadata().withName("web").endMetadata()
            .withNewSpec().withReplicas(2).withNewSelector().withMatchLabels(labels).endSelector()
            .withNewTemplate().withNewMetadata().withLabels(labels).endMetadata()
            .withNewSpec().addNewContainer().withName("web").withImage("localhost/web:1").endContainer().endSpec()
            .endTemplate().endSpec()
            .build();
    var deployments = client.apps().deployments().inNamespace(space);
    deployments.resource(web).create();
    deployments.withName("web").waitUntilReady(60, SECONDS);
    deployments.withName("web").scale(1);
    until("the scale", () -> deployments.withName("web").get().getStatus().getReplicas() == 1);
    deployments.withName("web").rolling().restart();
    until("the restart", () -> {
      var now = deployments.withName("web").get();
      return now.getStatus().getObservedGeneration().equals(now.getMetadata().getGeneration())
          && Integer.valueOf(1).equals(now.getStatus().getUpdatedReplicas())
          && Integer.valueOf(1).equals(now.getStatus().getReplicas());
    });
  }

  private void leaderElection() throws Exception {
    var leaders = new CopyOnWriteArrayList<String>();
    var running = new ArrayList<java.util.concurrent.CompletableFuture<?>>();
    for (var name : List.of("a", "b")) {
      var config =
          new LeaderElectionConfigBuilder()
              .withName("judge").withLock(new LeaseLock(space, "judge", name))
              .withLeaseDuration(Duration.ofSeconds(4)).withRenewDeadline(Duration.ofSeconds(3))
              .withRetryPeriod(Duration.ofMillis(300)).withReleaseOnCancel()
              .withLeaderCallbacks(new LeaderCallbacks(() -> leaders.add(name), () -> {}, who -> {}))
              .build();
      running.add(client.leaderElector().withConfig(config).build().start());
      if (name.equals("a")) until("a leader", () -> leaders.size() == 1);
    }
    running.get(0).cancel(true);
    until("the other to lead", () -> leaders.equals(List.of("a", "b")));
    running.get(1).cancel(true);
  }

  private void customResources() throws Exception {
    var definition =
        """
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"cards.java.example.test"},
         "spec":{"group":"java.example.test","scope":"Namespaced","names":{"plural":"cards","singular":"card","kind":"Card"},
          "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","properties":{
           "spec":{"type":"object","required":["text"],"properties":{"text":{"type":"string"},"size":{"type":"integer","default":3}}},
           "status":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}}}]}}
        """;
    var definitions = client.apiextensions().v1().customResourceDefinitions();
    var made = definitions.load(new java.io.ByteArrayInputStream(definition.getBytes())).create();
    try {
      definitions.resource(made).waitUntilCondition(
          it -> it != null && it.getStatus() != null && it.getStatus().getConditions().stream()
              .anyMatch(one -> one.getType().equals("Established") && one.getStatus().equals("True")), 60, SECONDS);
      var context = new ResourceDefinitionContext.Builder()
          .withGroup("java.example.test").withVersion("v1").withKind("Card").withPlural("cards").withNamespaced(true).build();
      var cards = client.genericKubernetesResources(context).inNamespace(space);
      cards.load(card("{\"text\":\"hello\",\"more\":1}")).create();
      var card = cards.withName("c").get();
      ensure(Map.of("text", "hello", "size", 3).equals(card.get("spec")), card);
      cards.withName("c").editStatus(it -> {
        it.setAdditionalProperty("status", Map.of("seen", true));
        return it;
      });
      ensure(Map.of("seen", true).equals(cards.withName("c").get().get("status")), cards.withName("c").get());
      var error = refused(422, () -> cards.load(card("{}")).dryRun().create());
      ensure(error.getStatus().getMessage().contains("spec.text: Required value"), error.getStatus().getMessage());
      ensure(cards.list(new ListOptionsBuilder().withLimit(1L).build()).getItems().size() == 1, "list");
    } finally {
      definitions.resource(made).delete();
    }
  }

  private static java.io.InputStream card(String spec) {
    var text = "{\"apiVersion\":\"java.example.test/v1\",\"kind\":\"Card\",\"metadata\":{\"name\":\"c\"},\"spec\":" + spec + "}";
    return new java.io.ByteArrayInputStream(text.getBytes());
  }

}
