"""The action server: rasa-sdk's own application, bound to loopback, with our actions."""

from __future__ import annotations

import logging
from typing import Any

from troly.database import require_tables
from troly.settings import Settings


def run(settings: Settings) -> None:
    """Serve the actions until stopped. Raises UsageError when there is no usable database."""
    require_tables(settings.database)
    from rasa_sdk.endpoint import create_app

    import actions.applications
    import actions.language
    import actions.procedures  # noqa: F401  rasa-sdk finds every subclass of Action that is imported
    from actions import portal

    app = create_app("actions")

    async def close(_app: Any, _loop: Any) -> None:
        await portal.client().aclose()

    app.register_listener(close, "after_server_stop")
    # Its banner of seven lines says nothing that `troly serve` does not.
    logging.getLogger("sanic.root").setLevel(logging.WARNING)
    app.run(host=settings.host, port=settings.actions_port, workers=1, access_log=False)
