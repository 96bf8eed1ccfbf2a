"""The domain in a model says the same to us and to Rasa, and Rasa's own files are read too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.graph_components.providers.domain_provider import DomainProvider
from rasa.shared.core.domain import Domain
from rasa.shared.utils.io import read_yaml

from bot import assistant, stored_domain

CONTEXT = ExecutionContext(GraphSchema({}))


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[LocalModelStorage]:
    theirs = DomainProvider._persist, DomainProvider.__dict__["load"]
    stored_domain.apply()
    yield LocalModelStorage(tmp_path)
    DomainProvider._persist, DomainProvider.load = theirs


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.from_dict(assistant.compile_domain())


def loaded(storage: LocalModelStorage) -> Domain:
    return DomainProvider.load({}, storage, Resource("domain"), CONTEXT).provide_inference()


def test_what_was_stored_comes_back(storage: LocalModelStorage, domain: Domain) -> None:
    DomainProvider(storage, Resource("domain"))._persist(domain)
    back = loaded(storage)
    assert back.as_dict() == domain.as_dict()
    assert back.fingerprint() == domain.fingerprint()
    assert back.action_names_or_texts == domain.action_names_or_texts
    assert [slot.persistence_info() for slot in back.slots] == [
        slot.persistence_info() for slot in domain.slots
    ]


def test_rasa_reads_what_we_store(storage: LocalModelStorage, tmp_path: Path) -> None:
    small = Domain.from_dict({"intents": ["greet"], "responses": {"utter_greet": [{"text": "Xin chào"}]}})
    DomainProvider(storage, Resource("domain"))._persist(small)
    with storage.read_from(Resource("domain")) as folder:
        assert Domain.from_path(folder).as_dict() == small.as_dict()
        assert read_yaml((folder / "domain.yml").read_text("utf-8"))["version"] == "3.1"


def test_we_read_what_rasa_stored(storage: LocalModelStorage) -> None:
    small = Domain.from_dict({"intents": ["greet"], "responses": {"utter_greet": [{"text": "Xin chào"}]}})
    with storage.write_to(Resource("domain")) as folder:
        small.persist(folder / "domain.yml")
    assert loaded(storage).as_dict() == small.as_dict()
