"""A record is served as it lies in the file, whatever wraps it there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from portal.demo.app import create_app
from portal.demo.applications import Applications
from portal.demo.catalogue import DemoCatalogue

DETAIL = "/api/v1/configuring/formality/get-formality-by-citizen"
AGENT = {"User-Agent": "a browser with a name of more than forty letters, as they have"}


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda record: record,
        lambda record: {"code": "OK", "data": record},
        lambda record: {"id": record["id"], "detail": record},
    ],
    ids=["bare", "answer", "detail"],
)
def test_a_line_of_the_file_is_served(
    wrapped: Callable[[Any], Any], record: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    records = [record(id=f"id-{number}", name=f"Thủ tục {number}") for number in range(3)]
    file = tmp_path / "details.jsonl"
    file.write_text("".join(json.dumps(wrapped(one), indent=None) + "\n" for one in records), "utf-8")
    data = DemoCatalogue.from_file(file)
    client = TestClient(create_app(data, Applications([])), headers=AGENT)
    for one in records:
        answer = client.post(DETAIL, json={"id": one["id"]})
        assert (answer.status_code, answer.headers["content-type"]) == (201, "application/json")
        assert answer.json() == {"code": "OK", "data": one, "message": "OK"}
        assert data.detail(one["id"]) == one
    changed = records[1] | {"name": "Thủ tục khác"}
    data.put(changed)
    data.remove("id-2")
    assert client.post(DETAIL, json={"id": "id-1"}).json()["data"] == changed
    assert client.post(DETAIL, json={"id": "id-2"}).status_code == 400
    assert client.post(DETAIL, json={"id": "nowhere"}).status_code == 400
    data.close()
