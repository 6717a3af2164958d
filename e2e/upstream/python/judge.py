"""Judges a cluster with the Python client: `KUBECONFIG=… python judge.py`. One check a line; fails at the end if one did."""

import sys
import threading
import time
import traceback

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic.exceptions import BadRequestError, ConflictError

config.load_kube_config()
core, apps, extensions = client.CoreV1Api(), client.AppsV1Api(), client.ApiextensionsV1Api()
space = core.create_namespace({"metadata": {"generateName": "python-"}}).metadata.name
checks = []


def check(function):
    checks.append(function)
    return function


def config_map(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"from": "python"}), data=data)


def until(what, probe, limit=60):
    end = time.monotonic() + limit
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)


def refused(status, call, *args, **options):
    try:
        call(*args, **options)
    except ApiException as error:
        assert error.status == status, error
        return error
    raise AssertionError("was not refused")


@check
def every_verb():
    made = core.create_namespaced_config_map(space, config_map("one", a="1"))
    assert made.metadata.uid and made.data == {"a": "1"}
    error = refused(409, core.create_namespaced_config_map, space, config_map("one"))
    assert 'configmaps \\"one\\" already exists' in error.body, error.body
    patched = core.patch_namespaced_config_map("one", space, {"data": {"b": "2"}})
    assert patched.data == {"a": "1", "b": "2"}
    patched.data["a"] = "3"
    assert core.replace_namespaced_config_map("one", space, patched).data["a"] == "3"
    refused(409, core.replace_namespaced_config_map, "one", space, patched)
    assert core.delete_namespaced_config_map("one", space)["status"] == "Success"
    refused(404, core.read_namespaced_config_map, "one", space)


@check
def json_patch():
    core.create_namespaced_config_map(space, config_map("json", a="1"))
    patched = core.patch_namespaced_config_map("json", space, [{"op": "replace", "path": "/data/a", "value": "2"}])
    assert patched.data == {"a": "2"}


@check
def pages():
    for number in range(5):
        core.create_namespaced_config_map(space, client.V1ConfigMap(metadata={"name": f"page-{number}", "labels": {"page": "yes"}}))
    found, token = [], None
    while True:
        page = core.list_namespaced_config_map(space, label_selector="page=yes", limit=2, _continue=token)
        found += [item.metadata.name for item in page.items]
        token = page.metadata._continue
        if not token:
            break
    assert found == [f"page-{number}" for number in range(5)], found
    core.delete_collection_namespaced_config_map(space, label_selector="page=yes")
    assert core.list_namespaced_config_map(space, label_selector="page=yes").items == []


@check
def watch_from_a_list():
    version = core.list_namespaced_config_map(space).metadata.resource_version
    seen = []
    watcher = watch.Watch()

    def follow():
        for event in watcher.stream(core.list_namespaced_config_map, space, label_selector="watched=yes", resource_version=version, timeout_seconds=30):
            seen.append((event["type"], event["object"].metadata.name))
            if event["type"] == "DELETED":
                watcher.stop()

    thread = threading.Thread(target=follow)
    thread.start()
    body = client.V1ConfigMap(metadata={"name": "watched", "labels": {"watched": "yes"}})
    core.create_namespaced_config_map(space, body)
    core.patch_namespaced_config_map("watched", space, {"data": {"a": "1"}})
    core.delete_namespaced_config_map("watched", space)
    thread.join(30)
    assert seen == [("ADDED", "watched"), ("MODIFIED", "watched"), ("DELETED", "watched")], seen


@check
def watch_of_a_version_that_is_gone():
    stream = watch.Watch().stream(core.list_namespaced_config_map, space, resource_version="1", timeout_seconds=1)
    try:
        list(stream)
    except ApiException as error:
        assert error.status == 410, error


@check
def server_side_apply():
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied", "namespace": space}, "data": {"a": "1"}}
    maps = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="ConfigMap")
    first = maps.server_side_apply(body, namespace=space, field_manager="one")
    assert first.metadata.managedFields[0].manager == "one"
    try:
        maps.server_side_apply({**body, "data": {"a": "2"}}, namespace=space, field_manager="two")
        raise AssertionError("no conflict")
    except ConflictError as error:
        assert 'conflict with \\"one\\": .data.a' in error.body, error.body
    forced = maps.server_side_apply({**body, "data": {"a": "2"}}, namespace=space, field_manager="two", force_conflicts=True)
    assert forced.data.a == "2"


@check
def deployment_until_ready():
    utils.create_from_dict(client.ApiClient(), {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "localhost/web:1"}]}}},
    }, namespace=space)
    until("the deployment", lambda: apps.read_namespaced_deployment("web", space).status.ready_replicas == 2)
    apps.patch_namespaced_deployment_scale("web", space, {"spec": {"replicas": 1}})
    until("the scale", lambda: apps.read_namespaced_deployment_scale("web", space).status.replicas == 1)
    pod = core.list_namespaced_pod(space, label_selector="app=web", field_selector="status.phase=Running").items[0]
    assert pod.status.container_statuses[0].ready and pod.status.start_time.tzinfo


@check
def strict_fields():
    # The typed client refuses unknown fields itself; the dynamic one leaves it to the server.
    maps = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "strict"}, "dato": {}}
    try:
        maps.create(body, namespace=space, query_params=[("fieldValidation", "Strict")])
        raise AssertionError("was not refused")
    except BadRequestError as error:
        assert 'unknown field \\"dato\\"' in error.body, error.body


@check
def dry_run():
    core.create_namespaced_config_map(space, config_map("dry"), dry_run="All")
    refused(404, core.read_namespaced_config_map, "dry", space)


@check
def custom_resources():
    name, schema = "notes.python.example.test", {
        "type": "object", "properties": {
            "spec": {"type": "object", "properties": {"text": {"type": "string", "maxLength": 5}, "size": {"type": "integer", "default": 3}}},
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
    extensions.create_custom_resource_definition({
        "metadata": {"name": name},
        "spec": {"group": "python.example.test", "scope": "Namespaced", "names": {"plural": "notes", "singular": "note", "kind": "Note", "shortNames": ["nt"]},
                 "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": schema}}]}})
    try:
        def established():
            status = extensions.read_custom_resource_definition(name).status
            return status and any(one.type == "Established" and one.status == "True" for one in status.conditions or [])
        until("the definition", established)
        custom, where = client.CustomObjectsApi(), ("python.example.test", "v1", space, "notes")
        note = {"apiVersion": "python.example.test/v1", "kind": "Note", "metadata": {"name": "n"}, "spec": {"text": "hello", "more": 1}}
        made = custom.create_namespaced_custom_object(*where, note)
        assert made["spec"] == {"text": "hello", "size": 3}, made
        error = refused(422, custom.create_namespaced_custom_object, *where, {**note, "metadata": {"name": "m"}, "spec": {"text": "too long"}})
        assert "spec.text: Too long: may not be more than 5" in error.body, error.body
        custom.patch_namespaced_custom_object_status(*where, "n", {"status": {"seen": True}})
        assert custom.get_namespaced_custom_object(*where, "n")["status"] == {"seen": True}
        found = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="python.example.test/v1", kind="Note")
        assert [item.metadata.name for item in found.get(namespace=space).items] == ["n"]
    finally:
        extensions.delete_custom_resource_definition(name)


@check
def reviews_and_versions():
    review = client.AuthorizationV1Api().create_self_subject_access_review(
        {"spec": {"resourceAttributes": {"verb": "create", "resource": "pods", "namespace": space}}})
    assert review.status.allowed
    assert client.VersionApi().get_code().git_version.startswith("v1.35.")
    groups = {group.name for group in client.ApisApi().get_api_versions().groups}
    assert {"apps", "batch", "apiextensions.k8s.io"} <= groups


failed = 0
for one in checks:
    try:
        one()
        print(f"ok      {one.__name__}")
    except Exception:
        failed += 1
        print(f"FAILED  {one.__name__}\n{traceback.format_exc()}")
core.delete_namespace(space)
print(f"{len(checks) - failed} passed, {failed} failed")
sys.exit(failed > 0)
