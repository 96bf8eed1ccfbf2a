"""deploy/kubernetes, checked without a cluster: against Kubernetes' own schemas, and against our rules."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.metadata import distribution
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, RefResolver

from troly.commands import _PROCESSES
from troly.settings import ROOT, Settings

FOLDER = ROOT / "deploy" / "kubernetes"
# The oldest that is still looked after, and the newest.
VERSIONS = ["v1.34.0-local-strict", "v1.37.0-local-strict"]
SERVERS = ["gateway", "rasa", "actions"]
WORKLOADS = [*SERVERS, "prepare"]
_BASE = "https://kubernetes.io/api/"  # what the schemas call themselves; nothing is fetched


@lru_cache(maxsize=1)
def documents() -> tuple[dict[str, Any], ...]:
    files = (yaml.safe_load_all(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.yaml")))
    return tuple(chain.from_iterable(files))


def one(kind: str, name: str) -> dict[str, Any]:
    (found,) = [doc for doc in documents() if doc["kind"] == kind and doc["metadata"]["name"] == name]
    return found


def workload(name: str) -> dict[str, Any]:
    (found,) = [
        doc
        for doc in documents()
        if doc["kind"] in ("Deployment", "StatefulSet", "Job") and doc["metadata"]["name"] == name
    ]
    return found


def pod(name: str) -> dict[str, Any]:
    return dict(workload(name)["spec"]["template"]["spec"])


def container(name: str) -> dict[str, Any]:
    (found,) = pod(name)["containers"]
    return dict(found)


def wrong(document: dict[str, Any], version: str) -> list[str]:
    """What Kubernetes' schema says against it."""
    group, _, number = document["apiVersion"].rpartition("/")
    group = f"-{group.split('.')[0]}" if group else ""
    name = f"{document['kind'].lower()}{group}-{number}.json"
    folder = Path(str(distribution("kubernetes-validate").locate_file("kubernetes_validate")))
    file = folder / "kubernetes-json-schema" / version / name
    schema = json.loads(file.read_text("utf-8"))
    shared = json.loads((file.parent / "_definitions.json").read_text("utf-8"))
    resolver = RefResolver(f"{_BASE}{name}", schema, store={f"{_BASE}_definitions.json": shared})
    return [error.message for error in Draft7Validator(schema, resolver=resolver).iter_errors(document)]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_document_follows_kubernetes_schema(version: str) -> None:
    assert len(documents()) > 20
    for document in documents():
        assert wrong(document, version) == [], (document["kind"], document["metadata"]["name"])


def test_the_schema_is_really_consulted() -> None:
    broken = json.loads(json.dumps(one("Deployment", "gateway")))
    broken["spec"]["template"]["spec"]["containers"][0]["portz"] = []
    broken["spec"]["replicas"] = "two"
    assert len(wrong(broken, VERSIONS[-1])) == 2


def test_everything_is_in_one_namespace() -> None:
    for document in documents():
        if document["kind"] != "Namespace":
            assert document["metadata"]["namespace"] == "troly", document["metadata"]


@pytest.mark.parametrize("name", WORKLOADS)
def test_it_runs_without_rights(name: str) -> None:
    assert pod(name)["automountServiceAccountToken"] is False
    rights = pod(name)["securityContext"]
    assert rights["runAsNonRoot"] is True and rights["runAsUser"] == rights["fsGroup"] == 10001
    assert rights["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod(name).keys()
    assert "--uid 10001" in (ROOT / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize("name", WORKLOADS)
def test_it_writes_where_a_volume_is(name: str) -> None:
    mounts = {mount["mountPath"] for mount in container(name)["volumeMounts"]}
    assert {"/tmp", "/data"} <= mounts
    assert {mount["name"] for mount in container(name)["volumeMounts"]} == {
        volume["name"] for volume in pod(name)["volumes"]
    }
    assert not any("hostPath" in volume for volume in pod(name)["volumes"])


@pytest.mark.parametrize("name", SERVERS)
def test_it_is_asked_whether_it_is_well_where_it_says_so(name: str) -> None:
    _, variable, path = _PROCESSES[name]
    port = Settings.model_fields[variable].default
    assert container(name)["ports"] == [{"name": "http", "containerPort": port}]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container(name)[probe]["httpGet"] == {"path": path, "port": "http"}
    assert container(name)["args"] == ["serve", "--only", name]
    assert one("ConfigMap", "troly-settings")["data"][variable.upper()] == str(port)
    assert one("Service", name)["spec"]["ports"][0]["port"] == port


@pytest.mark.parametrize("name", SERVERS)
def test_it_grows_shrinks_and_is_never_gone(name: str) -> None:
    scaler = one("HorizontalPodAutoscaler", name)["spec"]
    assert scaler["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": workload(name)["kind"],
        "name": name,
    }
    assert scaler["minReplicas"] >= 2
    # It scales by a share of what is asked for.
    assert "cpu" in container(name)["resources"]["requests"]
    assert "memory" in container(name)["resources"]["limits"]
    budget = one("PodDisruptionBudget", name)["spec"]
    assert budget == {"maxUnavailable": 1, "selector": workload(name)["spec"]["selector"]}


def test_selectors_find_the_pods() -> None:
    for name in SERVERS:
        labels = workload(name)["spec"]["template"]["metadata"]["labels"]
        assert (
            workload(name)["spec"]["selector"]["matchLabels"]
            == labels
            == one("Service", name)["spec"]["selector"]
        )


def test_gateways_know_every_rasa_that_the_autoscaler_may_start() -> None:
    most = one("HorizontalPodAutoscaler", "rasa")["spec"]["maxReplicas"]
    settings = Settings(rasa_url=one("ConfigMap", "troly-settings")["data"]["RASA_URL"], _env_file=None)
    assert settings.rasas == tuple(f"http://rasa-{number}.rasa:5005" for number in range(most))
    assert one("Service", "rasa")["spec"]["clusterIP"] == "None"
    assert workload("rasa")["spec"]["serviceName"] == "rasa"


def test_settings_are_settings_and_none_is_secret() -> None:
    names = set(one("ConfigMap", "troly-settings")["data"])
    assert names <= {name.upper() for name in Settings.model_fields}
    assert not [name for name in names if re.search("PASSWORD|SECRET|KEY|TOKEN|DATABASE_URL", name)]
    assert not [doc for doc in documents() if doc["kind"] == "Secret"]
    for name in WORKLOADS:
        assert {"secretRef": {"name": "troly-secrets"}} in container(name)["envFrom"]


def _callers(name: str) -> set[str]:
    found = set()
    for rule in one("NetworkPolicy", name)["spec"]["ingress"]:
        for source in rule["from"]:
            found.add(
                next(iter((source.get("podSelector") or source["namespaceSelector"])["matchLabels"].values()))
            )
    return found


def test_rasa_is_reached_from_gateways_alone_and_actions_from_rasa_too() -> None:
    assert one("NetworkPolicy", "nothing")["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }
    assert _callers("rasa") == {"troly-gateway"}
    assert _callers("actions") == {"troly-rasa", "troly-gateway"}
    assert _callers("gateway") == {"ingress-nginx", "monitoring"}
    for name in SERVERS:
        policy = one("NetworkPolicy", name)["spec"]
        assert policy["podSelector"] == workload(name)["spec"]["selector"]
        ports = [port["port"] for rule in policy["ingress"] for port in rule["ports"]]
        assert ports == [Settings.model_fields[_PROCESSES[name][1]].default]


def test_only_what_asks_the_outside_may_reach_it_and_never_other_private_networks() -> None:
    outside = set()
    for document in documents():
        if document["kind"] != "NetworkPolicy":
            continue
        for rule in document["spec"].get("egress", []):
            for block in [target["ipBlock"] for target in rule["to"] if "ipBlock" in target]:
                if block["cidr"] == "0.0.0.0/0":
                    outside.add(document["metadata"]["name"])
                    # 169.254: where clouds tell a machine its own secrets.
                    assert {"10.0.0.0/8", "169.254.0.0/16"} <= set(block["except"])
    assert outside == {"gateway", "actions", "prepare"}


def test_what_is_for_our_own_monitoring_leads_nowhere_and_staff_pages_to_the_office_alone() -> None:
    (rule,) = one("Ingress", "gateway")["spec"]["rules"]
    leads = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
    assert leads == {"/metrics": "closed", "/readyz": "closed", "/": "gateway"}
    assert "selector" not in one("Service", "closed")["spec"]
    assert "0.0.0.0/0" not in str(one("Ingress", "console")["metadata"]["annotations"])
