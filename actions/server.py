"""The action server: rasa-sdk's own application, bound to loopback, with our actions."""

from __future__ import annotations

import logging
from typing import Any

from troly import collector
from troly.answers import following
from troly.answers.live import GUIDE
from troly.database import require_tables
from troly.settings import Settings


def run(settings: Settings) -> None:
    """Serve the actions until stopped. Raises UsageError when there is no usable database."""
    require_tables(settings.database)
    import rasa_sdk.endpoint

    import actions.applications
    import actions.guides
    import actions.language
    import actions.life_events.checklist
    import actions.life_events.form
    import actions.my_data
    import actions.notice_words
    import actions.notices
    import actions.office_form
    import actions.offices
    import actions.person
    import actions.procedures
    import actions.ratings
    import actions.reports.emergency
    import actions.reports.form
    import actions.reports.outcome
    import actions.sharing
    import actions.units
    import actions.verification
    import actions.yes_no  # noqa: F401  rasa-sdk finds every subclass of Action that is imported
    from actions import guide_files, portal, tracing
    from actions.reports import sending
    from portal import watch

    # No browser asks this process: what tells those of other sites apart would look at each request.
    rasa_sdk.endpoint.configure_cors = lambda *_: None
    app = rasa_sdk.endpoint.create_app("actions")

    tracing.attach(app)

    async def close(_app: Any, _loop: Any) -> None:
        await portal.client().aclose()

    app.register_listener(close, "after_server_stop")

    async def send_reports(app: Any, _loop: Any) -> None:
        app.add_task(sending.run(), name="reports")

    app.register_listener(send_reports, "after_server_start")

    async def watch_portal(app: Any, _loop: Any) -> None:
        app.add_task(watch.run(settings), name="watch")

    app.register_listener(watch_portal, "after_server_start")
    following.attach(app, settings, {GUIDE: guide_files.use})
    # Its banner of seven lines says nothing that `troly serve` does not.
    logging.getLogger("sanic.root").setLevel(logging.WARNING)
    collector.resume()
    app.run(host=settings.host, port=settings.actions_port, workers=1, access_log=False)
