//! Judges a cluster with kube-rs: `KUBECONFIG=… cargo run`. One check a line; fails at the end if one did.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::finalizer::{Event, finalizer};
use kube::runtime::reflector::store;
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, CustomResource, CustomResourceExt, Resource, ResourceExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(CustomResource, Serialize, Deserialize, Clone, Debug, JsonSchema)]
#[kube(
    group = "rust.example.test",
    version = "v1",
    kind = "Page",
    namespaced,
    status = "PageStatus",
    shortname = "pg"
)]
#[kube(printcolumn = r#"{"name":"Title","type":"string","jsonPath":".spec.title"}"#)]
struct PageSpec {
    #[schemars(length(max = 10))]
    title: String,
    #[serde(default = "one")]
    copies: i32,
}

#[derive(Serialize, Deserialize, Clone, Debug, Default, JsonSchema)]
struct PageStatus {
    printed: bool,
}

fn one() -> i32 {
    1
}

fn config_map(name: &str, value: &str) -> ConfigMap {
    let mut made = ConfigMap {
        data: Some(BTreeMap::from([("value".into(), value.into())])),
        ..Default::default()
    };
    made.metadata.name = Some(name.into());
    made
}

async fn until<F: AsyncFnMut() -> Result<bool>>(what: &str, mut met: F) -> Result<()> {
    let limit = tokio::time::Instant::now() + Duration::from_secs(60);
    while !met().await? {
        ensure!(tokio::time::Instant::now() < limit, "still waiting for: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn status_of<T>(result: kube::Result<T>) -> Result<kube::core::Status> {
    match result {
        Ok(_) => bail!("was not refused"),
        Err(kube::Error::Api(status)) => Ok(*status),
        Err(other) => Err(other.into()),
    }
}

async fn every_verb(client: Client, space: &str) -> Result<()> {
    let maps: Api<ConfigMap> = Api::namespaced(client, space);
    let made = maps.create(&PostParams::default(), &config_map("one", "1")).await?;
    let again = status_of(maps.create(&PostParams::default(), &config_map("one", "1")).await)?;
    ensure!(
        again.is_already_exists() && again.message == r#"configmaps "one" already exists"#,
        "{again:?}"
    );
    let changed = maps
        .patch(
            "one",
            &PatchParams::default(),
            &Patch::Merge(json!({"data": {"more": "2"}})),
        )
        .await?;
    ensure!(changed.data.as_ref().is_some_and(|data| data.len() == 2));
    let stale = status_of(maps.replace("one", &PostParams::default(), &made).await)?;
    ensure!(stale.is_conflict(), "{stale:?}");
    maps.delete("one", &DeleteParams::default()).await?;
    ensure!(maps.get_opt("one").await?.is_none());
    Ok(())
}

async fn raw_watch(client: Client, space: &str) -> Result<()> {
    let maps: Api<ConfigMap> = Api::namespaced(client, space);
    let version = maps
        .list_metadata(&ListParams::default())
        .await?
        .metadata
        .resource_version
        .context("no version")?;
    let params = WatchParams::default().fields("metadata.name=watched").timeout(20);
    let mut events = maps.watch(&params, &version).await?.boxed();
    maps.create(&PostParams::default(), &config_map("watched", "1")).await?;
    maps.patch(
        "watched",
        &PatchParams::default(),
        &Patch::Merge(json!({"data": {"value": "2"}})),
    )
    .await?;
    maps.delete("watched", &DeleteParams::default()).await?;
    let mut seen = vec![];
    while let Some(event) = events.try_next().await? {
        match event {
            WatchEvent::Added(_) => seen.push("added"),
            WatchEvent::Modified(_) => seen.push("modified"),
            WatchEvent::Deleted(_) => {
                seen.push("deleted");
                break;
            }
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(status) => bail!("{status:?}"),
        }
    }
    ensure!(seen == ["added", "modified", "deleted"], "{seen:?}");
    Ok(())
}

async fn reflector(client: Client, space: &str, config: watcher::Config) -> Result<()> {
    let maps: Api<ConfigMap> = Api::namespaced(client, space);
    maps.create(&PostParams::default(), &config_map("before", "0")).await?;
    let (reader, writer) = store::<ConfigMap>();
    let stream = watcher(maps.clone(), config.page_size(2))
        .default_backoff()
        .reflect(writer)
        .applied_objects();
    let task = tokio::spawn(stream.for_each(|_| futures::future::ready(())));
    reader.wait_until_ready().await?;
    ensure!(reader.state().iter().any(|map| map.name_any() == "before"));
    for number in 0..20 {
        maps.create(&PostParams::default(), &config_map(&format!("item-{number}"), "1"))
            .await?;
    }
    for number in 0..10 {
        maps.delete(&format!("item-{number}"), &DeleteParams::default()).await?;
    }
    maps.delete("before", &DeleteParams::default()).await?;
    until("the reflector to agree", async || {
        let names = |maps: Vec<(String, Option<String>)>| maps.into_iter().collect::<BTreeMap<_, _>>();
        let is = maps.list(&ListParams::default()).await?.items;
        let is = names(is.iter().map(|map| (map.name_any(), map.resource_version())).collect());
        Ok(is
            == names(
                reader
                    .state()
                    .iter()
                    .map(|map| (map.name_any(), map.resource_version()))
                    .collect(),
            ))
    })
    .await?;
    task.abort();
    maps.delete_collection(&DeleteParams::default(), &ListParams::default())
        .await?;
    Ok(())
}

async fn server_side_apply(client: Client, space: &str) -> Result<()> {
    let maps: Api<ConfigMap> = Api::namespaced(client, space);
    let value = |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"a": value}});
    let first = maps
        .patch("applied", &PatchParams::apply("one"), &Patch::Apply(value("1")))
        .await?;
    let same = maps
        .patch("applied", &PatchParams::apply("one"), &Patch::Apply(value("1")))
        .await?;
    ensure!(
        first.resource_version() == same.resource_version(),
        "the same apply made a new version"
    );
    let conflict = status_of(
        maps.patch("applied", &PatchParams::apply("two"), &Patch::Apply(value("2")))
            .await,
    )?;
    ensure!(
        conflict.message == r#"Apply failed with 1 conflict: conflict with "one": .data.a"#,
        "{conflict:?}"
    );
    maps.patch("applied", &PatchParams::apply("two").force(), &Patch::Apply(value("2")))
        .await?;
    let given_up = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}});
    let left = maps
        .patch("applied", &PatchParams::apply("two"), &Patch::Apply(given_up))
        .await?;
    ensure!(left.data.unwrap_or_default().is_empty(), "what nobody applies stayed");
    Ok(())
}

async fn deployment(client: Client, space: &str) -> Result<()> {
    let deployments: Api<Deployment> = Api::namespaced(client, space);
    let web: Deployment = serde_json::from_value(json!({
        "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "localhost/web:1"}]}}}
    }))?;
    deployments.create(&PostParams::default(), &web).await?;
    tokio::time::timeout(
        Duration::from_secs(60),
        await_condition(deployments.clone(), "web", conditions::is_deployment_completed()),
    )
    .await??;
    let scale = deployments
        .patch_scale(
            "web",
            &PatchParams::default(),
            &Patch::Merge(json!({"spec": {"replicas": 1}})),
        )
        .await?;
    ensure!(scale.spec.and_then(|spec| spec.replicas) == Some(1));
    Ok(())
}

async fn custom_resource(client: Client, space: &str) -> Result<()> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    definitions
        .patch(
            Page::crd_name(),
            &PatchParams::apply("judge").force(),
            &Patch::Apply(Page::crd()),
        )
        .await?;
    let result = with_definition(client, space, &definitions).await;
    definitions.delete(Page::crd_name(), &DeleteParams::default()).await?;
    // Discovery of a group that goes in between fails, as on any cluster.
    until("the definition to be gone", async || {
        Ok(definitions.get_opt(Page::crd_name()).await?.is_none())
    })
    .await?;
    result
}

async fn with_definition(client: Client, space: &str, definitions: &Api<CustomResourceDefinition>) -> Result<()> {
    let established = await_condition(definitions.clone(), Page::crd_name(), conditions::is_crd_established());
    tokio::time::timeout(Duration::from_secs(60), established).await??;
    let pages: Api<Page> = Api::namespaced(client.clone(), space);
    let made = pages.create(&PostParams::default(), &serde_json::from_value(json!({
        "apiVersion": "rust.example.test/v1", "kind": "Page", "metadata": {"name": "p"}, "spec": {"title": "hello"}
    }))?).await?;
    ensure!(made.spec.copies == 1);
    let refused = status_of(
        pages
            .create(
                &PostParams::default(),
                &Page::new(
                    "q",
                    PageSpec {
                        title: "much too long".into(),
                        copies: 1,
                    },
                ),
            )
            .await,
    )?;
    ensure!(
        refused.code == 422
            && refused
                .message
                .contains("spec.title: Too long: may not be more than 10"),
        "{refused:?}"
    );

    // A controller with a finalizer and a status.
    let context = Arc::new(pages.clone());
    let running = Controller::new(pages.clone(), watcher::Config::default()).run(
        |page: Arc<Page>, pages: Arc<Api<Page>>| async move {
            finalizer(&pages.clone(), "rust.example.test/page", page, |event| async move {
                if let Event::Apply(page) = event {
                    let printed = json!({"status": {"printed": true}});
                    pages
                        .patch_status(&page.name_any(), &PatchParams::default(), &Patch::Merge(printed))
                        .await?;
                }
                Ok::<_, kube::Error>(Action::await_change())
            })
            .await
        },
        |_, _, _| Action::requeue(Duration::from_millis(200)),
        context,
    );
    let task = tokio::spawn(running.for_each(|_| futures::future::ready(())));
    until("the page to be printed", async || {
        let page = pages.get("p").await?;
        Ok(page.status.as_ref().is_some_and(|status| status.printed) && page.meta().finalizers.is_some())
    })
    .await?;
    pages.delete("p", &DeleteParams::default()).await?;
    until("the page to be gone", async || Ok(pages.get_opt("p").await?.is_none())).await?;
    task.abort();
    Ok(())
}

async fn discovery(client: Client) -> Result<()> {
    let version = client.apiserver_version().await?;
    ensure!(version.git_version.starts_with("v1.35."), "{version:?}");
    for aggregated in [false, true] {
        let found = kube::discovery::Discovery::new(client.clone());
        let found = if aggregated {
            found.run_aggregated().await?
        } else {
            found.run().await?
        };
        let (resource, capabilities) = found
            .resolve_gvk(&kube::core::GroupVersionKind::gvk("apps", "v1", "Deployment"))
            .context("no deployments")?;
        ensure!(resource.plural == "deployments" && capabilities.supports_operation("watch"));
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let client = Client::try_default().await?;
    let spaces: Api<Namespace> = Api::all(client.clone());
    let mut space = Namespace::default();
    space.metadata.generate_name = Some("rust-".into());
    let space = spaces.create(&PostParams::default(), &space).await?.name_any();
    let listing = watcher::Config::default();
    let streaming = watcher::Config::default().streaming_lists();
    let results = [
        ("every_verb", every_verb(client.clone(), &space).await),
        ("raw_watch", raw_watch(client.clone(), &space).await),
        ("reflector", reflector(client.clone(), &space, listing).await),
        (
            "reflector_by_watch_list",
            reflector(client.clone(), &space, streaming).await,
        ),
        ("server_side_apply", server_side_apply(client.clone(), &space).await),
        ("deployment", deployment(client.clone(), &space).await),
        ("custom_resource", custom_resource(client.clone(), &space).await),
        ("discovery", discovery(client.clone()).await),
    ];
    spaces.delete(&space, &DeleteParams::default()).await?;
    let mut failed = 0;
    for (name, result) in &results {
        match result {
            Ok(()) => println!("ok      {name}"),
            Err(error) => {
                failed += 1;
                println!("FAILED  {name}: {error:#}");
            }
        }
    }
    println!("{} passed, {failed} failed", results.len() - failed);
    ensure!(failed == 0, "some checks failed");
    Ok(())
}
