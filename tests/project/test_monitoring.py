"""The dashboard and the alerts ask for counters that exist, and each alert says what to do."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

import pytest
import yaml

from channels.metrics import Metrics
from troly.settings import ROOT

DASHBOARD = ROOT / "deploy" / "grafana" / "troly.json"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
RUNBOOKS = "docs/operating.md"


@lru_cache(maxsize=1)
def known() -> dict[str, set[str]]:
    """Name of a series -> its labels, as /metrics writes them."""
    found = {"up": {"job", "instance"}}
    for family in Metrics().registry.collect():
        labels = set(_labels().get(family.name, ()))
        match family.type:
            case "counter":
                found[f"{family.name}_total"] = labels
            case "histogram":
                found |= {f"{family.name}_bucket": labels | {"le"}, f"{family.name}_sum": labels}
                found[f"{family.name}_count"] = labels
            case _:
                found[family.name] = labels
    return found


def _labels() -> dict[str, tuple[str, ...]]:
    made = Metrics()
    return {one._name: one._labelnames for one in vars(made).values() if hasattr(one, "_labelnames")}


def unknown(expression: str) -> set[str]:
    """Series and labels of a query that no gateway writes."""
    found = set()
    names = set(re.findall(r"\b(?:troly_\w+|up)\b", expression))
    assert names, expression
    found |= {name for name in names if name not in known()}
    allowed = set().union(*(known().get(name, set()) for name in names))
    used = {
        label.strip() for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in group.split(",")
    }
    used |= set(re.findall(r"(\w+)\s*(?:=~?|!=|!~)\s*\"", expression))
    return found | {f"label {label}" for label in used - allowed}


def _alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _anchors() -> set[str]:
    headings = re.findall(r"^#+ (.+)$", (ROOT / RUNBOOKS).read_text("utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _panels() -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return panels


@pytest.mark.parametrize("panel", _panels(), ids=lambda panel: panel["title"])
def test_every_panel_asks_for_counters_that_exist(panel: dict[str, Any]) -> None:
    assert panel["targets"]
    for target in panel["targets"]:
        assert unknown(target["expr"]) == set()
        assert panel["datasource"]["uid"] == "${datasource}"


def test_every_counter_is_on_the_dashboard() -> None:
    asked = " ".join(target["expr"] for panel in _panels() for target in panel["targets"])
    families = {family.name for family in Metrics().registry.collect()}
    assert {name for name in families if name not in asked} == set()


def test_panels_do_not_overlap_and_have_own_ids() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in _panels()]
    assert len(set(places)) == len(places) == len({panel["id"] for panel in _panels()})


@pytest.mark.parametrize("alert", _alerts(), ids=lambda alert: alert["alert"])
def test_every_alert_asks_for_counters_that_exist_and_says_what_to_do(alert: dict[str, Any]) -> None:
    assert unknown(alert["expr"]) == set()
    assert alert["labels"]["severity"] in ("page", "ticket")
    assert alert["annotations"]["summary"]
    file, _, anchor = alert["annotations"]["runbook"].partition("#")
    assert file == RUNBOOKS and anchor in _anchors()


def test_every_runbook_belongs_to_an_alert() -> None:
    led = {alert["annotations"]["runbook"].partition("#")[2] for alert in _alerts()}
    assert {anchor for anchor in _anchors() if anchor.startswith("alert-")} == led


def test_a_query_for_what_does_not_exist_is_found() -> None:
    assert unknown("rate(troly_messages[5m])") == {"troly_messages"}
    assert unknown('sum by (color) (troly_queue_length{shape="x"})') == {"label color", "label shape"}
