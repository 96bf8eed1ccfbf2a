"""The assistant's domain in a model, as JSON: Rasa parses it three times with a slow reader of YAML.

The file keeps Rasa's name, and JSON is YAML: Rasa's own loader reads it as well.
"""

from __future__ import annotations

import json
from typing import Any

from rasa.engine.graph import ExecutionContext
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.graph_components.providers.domain_provider import DomainProvider
from rasa.shared.constants import LATEST_TRAINING_DATA_FORMAT_VERSION
from rasa.shared.core.domain import KEY_TRAINING_DATA_FORMAT_VERSION, Domain

_FILE = "domain.yml"

_RASA_LOADS = DomainProvider.load.__func__


def apply() -> None:
    """Let Rasa write and read the domain this way; calling it again changes nothing."""
    DomainProvider._persist = _persist
    DomainProvider.load = classmethod(_load)


def _persist(self: DomainProvider, domain: Domain) -> None:
    stated = {KEY_TRAINING_DATA_FORMAT_VERSION: LATEST_TRAINING_DATA_FORMAT_VERSION, **domain.as_dict()}
    with self._model_storage.write_to(self._resource) as folder:
        (folder / _FILE).write_text(json.dumps(stated, ensure_ascii=False), encoding="utf-8")


def _load(
    cls: type[DomainProvider],
    /,
    config: dict[str, Any],
    model_storage: ModelStorage,
    resource: Resource,
    execution_context: ExecutionContext,
    **kwargs: Any,
) -> DomainProvider:
    with model_storage.read_from(resource) as folder:
        try:
            stated = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        except ValueError:  # a model of before, in YAML
            provider: DomainProvider = _RASA_LOADS(
                cls, config, model_storage, resource, execution_context, **kwargs
            )
            return provider
    return cls(model_storage, resource, Domain.from_dict(stated))
