"""Whatever is sent to a public door: an answer or a refusal, never an error of ours."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from time import time
from typing import Any

import requests
from hypothesis import note
from hypothesis import strategies as some
from schemathesis import openapi
from schemathesis.generation.modes import GenerationMode

from channels.app import create_app
from channels.web import api
from console.rendering import PREFIX
from tests.browser.serving import Served
from tests.faults.fuzz_target import Target, fuzzed
from troly.database import engine
from troly.settings import Settings
from troly.signatures import signature
from troly.tables import Base

_SECONDS = 10.0
_PORTAL = "p" * 32
_CHANNELS = {
    "public_url": "https://troly.example.test",
    "telegram_token": "1:" + "a" * 35,
    "telegram_secret": "s" * 32,
    "telegram_api": "http://127.0.0.1:9",
    "zalo_oa_app_id": "1000000000000000001",
    "zalo_oa_id": "2000000000000000002",
    "zalo_oa_secret_key": "k" * 32,
    "zalo_oa_app_secret": "k" * 32,
    "zalo_oa_refresh_token": "r" * 32,
    "zalo_bot_token": "1:b",
    "zalo_bot_secret": "z" * 32,
    "portal_webhook_secret": _PORTAL,
}


class Doors:
    """A gateway without workers: what is sent is stored, and nobody answers."""

    def __init__(self, folder: Path) -> None:
        """Serves at once."""
        database = f"sqlite:///{folder / 'fuzz.db'}"
        made = engine(database)
        Base.metadata.create_all(made)
        made.dispose()
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            data_dir=folder,
            database_url=database,
            secret_key="a key for tests",
            messages_per_minute=1_000_000,
            conversations_per_hour=1_000_000,
            rasa_url="http://127.0.0.1:9",
            actions_url="http://127.0.0.1:9",
            portal_port=9,
            **_CHANNELS,  # type: ignore[arg-type]
        )
        self.app = create_app(settings)
        self.app.state.gateway.broker.close()  # event streams end as soon as they have begun
        self._served = Served(self.app)
        self.url = self._served.url
        self.http = requests.Session()
        self.http.trust_env = False
        self._token = ""

    @property
    def token(self) -> str:
        """Of a conversation that is alive."""
        headers = {"Authorization": f"Bearer {self._token}"}
        if self._token and self.http.get(f"{self.url}/api/v1/conversation", headers=headers).ok:
            return self._token
        opened = self.http.post(f"{self.url}/api/v1/conversations", timeout=_SECONDS)
        self._token = str(opened.json()["token"])
        return self._token

    def stop(self) -> None:
        """End it."""
        self.http.close()
        self._served.stop()


_doors: list[Doors] = []


@contextmanager
def serving() -> Iterator[None]:
    """A gateway for all targets of this module."""
    waiting, api.WAIT_SECONDS = api.WAIT_SECONDS, 0.01
    with tempfile.TemporaryDirectory(prefix="troly-fuzz-") as folder:
        _doors.append(Doors(Path(folder)))
        try:
            yield
        finally:
            _doors.pop().stop()
            api.WAIT_SECONDS = waiting


def _checked(response: Any, known: set[str] | None = None) -> None:
    """`known`: the statuses that the API's description names; a 5xx among them is meant."""
    status = response.status_code
    assert status < 500 or str(status) in (known or ()), (status, response.text[:300])
    # Schemathesis has each header's values in a list.
    assert "nosniff" in str(response.headers.get("x-content-type-options")), response.headers
    if (
        status >= 400
        and str(status) not in (known or ())
        and "json" in str(response.headers.get("content-type"))
    ):
        assert set(response.json()["error"]) >= {"code", "message_vi", "message_en"}


@lru_cache(maxsize=1)
def _operations() -> list[Any]:
    description = _doors[0].app.openapi()
    schema = openapi.from_dict(description)
    return [found.ok() for found in schema.get_all_operations()]


@fuzzed(found=some.data())
def public_api(found: some.DataObject) -> None:
    """Requests made from the API's own description, well-formed and not."""
    doors = _doors[0]
    operation = found.draw(some.sampled_from(_operations()), "operation")
    mode = found.draw(some.sampled_from(list(GenerationMode)), "mode")
    case = found.draw(operation.as_strategy(generation_mode=mode), "case")
    note(f"{case.method} {case.formatted_path} {case.query!r} {case.headers!r} {str(case.body)[:500]!r}")
    headers = {"Authorization": f"Bearer {doors.token}"} if found.draw(some.integers(0, 4), "token") else {}
    try:
        response = case.call(base_url=doors.url, session=doors.http, headers=headers, timeout=_SECONDS)
    except (UnicodeError, ValueError, requests.exceptions.InvalidHeader):
        return  # no client can send that
    documented = operation.definition.raw.get("responses", {})
    known = {*documented, "401", "404", "405", "413", "422", "429"}
    _checked(response, known)
    assert str(response.status_code) in known, (operation.label, response.status_code, response.text[:200])


_KEYS = [
    *("update_id", "message", "edited_message", "callback_query", "my_chat_member", "chat", "from", "id"),
    *("message_id", "date", "text", "type", "is_bot", "first_name", "photo", "file_id", "data", "entities"),
    *("event_name", "sender", "recipient", "msg_id", "attachments", "payload", "url", "timestamp", "app_id"),
    *("result", "chat_type", "display_name", "photo_url", "caption", "changes", "code", "user_id", "info"),
    *("location", "latitude", "longitude", "contact", "phone_number", "follower", "coordinates", "poll"),
]
_scalars = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(-(2**70), 2**70),
    some.floats(),
    some.text(max_size=30),
    some.sampled_from(
        [
            *(
                "private",
                "group",
                "PRIVATE",
                "message.text.received",
                "message.image.received",
                "b:1:2",
                "/start",
            ),
            *(
                "user_send_text",
                "user_send_image",
                "follow",
                "user_withdraw",
                "/delete",
                "2000000000000000002",
            ),
            *(
                "https://a.zdn.vn/x",
                "http://169.254.169.254/",
                "H49.08-251105-0312",
                "\x00",
                "\ud800",
                "1e999",
            ),
        ]
    ),
)
_trees = some.recursive(
    _scalars,
    lambda inner: (
        some.lists(inner, max_size=4) | some.dictionaries(some.sampled_from(_KEYS), inner, max_size=6)
    ),
    max_leaves=20,
)
_person = {"id": 5, "is_bot": False, "first_name": "An"}
_chat = {"id": 5, "type": "private", "first_name": "An"}
_telegram = some.fixed_dictionaries(
    {"update_id": some.integers(0, 2**40) | _scalars},
    optional={
        "message": some.fixed_dictionaries(
            {
                "message_id": some.integers(1, 2**31) | _scalars,
                "date": some.integers(0, 2**40) | _scalars,
                "chat": some.just(_chat) | _trees,
                "from": some.just(_person) | _trees,
            },
            optional=dict.fromkeys(("text", "photo", "location", "contact", "entities", "caption"), _trees),
        )
        | _trees,
        "callback_query": some.fixed_dictionaries(
            {"id": some.text(max_size=5) | _scalars, "from": some.just(_person) | _trees},
            optional={"data": _scalars, "message": _trees, "chat_instance": _scalars},
        ),
        "my_chat_member": _trees,
        "edited_message": _trees,
    },
)
_zalo = some.fixed_dictionaries(
    {
        "event_name": some.sampled_from(
            [
                *(
                    "user_send_text",
                    "user_send_image",
                    "user_send_location",
                    "follow",
                    "unfollow",
                    "user_withdraw",
                )
            ]
        )
        | _scalars,
        "timestamp": some.just("1540363714987") | _scalars,
    },
    optional={
        "sender": some.just({"id": "246"}) | _trees,
        "recipient": some.just({"id": _CHANNELS["zalo_oa_id"]}) | _trees,
        "follower": some.just({"id": "246"}) | _trees,
        "message": some.fixed_dictionaries(
            {}, optional={"text": _scalars, "msg_id": _scalars, "attachments": _trees}
        )
        | _trees,
        "user_id": _scalars,
    },
)
_zalo_bot = some.fixed_dictionaries(
    {
        "event_name": some.sampled_from(["message.text.received", "message.image.received"]) | _scalars,
        "message": some.fixed_dictionaries(
            {
                "chat": some.just({"id": "9", "chat_type": "PRIVATE"}) | _trees,
                "from": some.just({"id": "9"}) | _trees,
            },
            optional={"text": _scalars, "message_id": _scalars, "photo": _scalars, "caption": _scalars},
        )
        | _trees,
    }
)
_changes = some.fixed_dictionaries(
    {
        "changes": some.lists(
            some.fixed_dictionaries({"id": _scalars, "code": some.just("H49.08-251105-0312") | _scalars}),
            max_size=3,
        )
        | _trees
    }
)


def _bodies(events: some.SearchStrategy[Any]) -> some.SearchStrategy[bytes]:
    """Events of the platform's form, other JSON, and what is no JSON."""
    return some.one_of(
        events.map(lambda value: json.dumps(value).encode()),
        events.map(lambda value: json.dumps(value).encode()),
        _trees.map(lambda value: json.dumps(value).encode()),
        some.binary(max_size=60),
        some.sampled_from([b"", b"[" * 50_000, b'{"a":' * 20_000, b"1" * 5000, b"\xef\xbb\xbf{}"]),
    )


def _post(path: str, body: bytes, headers: dict[str, str]) -> None:
    sent = {"Content-Type": "application/json", **headers}
    doors = _doors[0]
    _checked(doors.http.post(f"{doors.url}{path}", data=body, headers=sent, timeout=_SECONDS))


@fuzzed(body=_bodies(_telegram), right=some.booleans() | some.just(True))
def telegram(body: bytes, right: bool) -> None:
    """POST /webhooks/telegram."""
    secret = _CHANNELS["telegram_secret"] if right else "x"
    _post("/webhooks/telegram", body, {"X-Telegram-Bot-Api-Secret-Token": secret})


@fuzzed(body=_bodies(_zalo), right=some.booleans() | some.just(True))
def zalo_oa(body: bytes, right: bool) -> None:
    """POST /webhooks/zalo."""
    mac = _zalo_mac(body) if right else "mac=" + "0" * 64
    _post("/webhooks/zalo", body, {"X-ZEvent-Signature": mac})


@fuzzed(body=_bodies(_zalo_bot), right=some.booleans() | some.just(True))
def zalo_bot(body: bytes, right: bool) -> None:
    """POST /webhooks/zalo-bot."""
    _post(
        "/webhooks/zalo-bot", body, {"X-Bot-Api-Secret-Token": _CHANNELS["zalo_bot_secret"] if right else "x"}
    )


@fuzzed(body=_bodies(_changes), right=some.booleans() | some.just(True))
def portal_webhook(body: bytes, right: bool) -> None:
    """POST /webhooks/portal."""
    moment = str(int(time()))
    signed = signature(_PORTAL, moment, body) if right else "v1=00"
    _post("/webhooks/portal", body, {"X-Portal-Timestamp": moment, "X-Portal-Signature": signed})


def _zalo_mac(body: bytes) -> str:
    from channels.zalo_oa import signature as zalo
    from channels.zalo_oa.events import parse, timestamp_of

    stamp = timestamp_of(parse(body) or {})
    return f"mac={zalo.signature(_CHANNELS['zalo_oa_app_id'], body, stamp, _CHANNELS['zalo_oa_secret_key'])}"


_paths = some.lists(
    some.text(max_size=15)
    | some.sampled_from(["..", "%2e%2e", "%00", "console", "static", "checklists", "api"]),
    max_size=4,
)


@fuzzed(parts=_paths, query=some.dictionaries(some.text(max_size=8), some.text(max_size=20), max_size=3))
def paths(parts: list[str], query: dict[str, str]) -> None:
    """GET of anything, with any query."""
    doors = _doors[0]
    try:
        address = requests.Request("GET", f"{doors.url}/{'/'.join(parts)}", params=query).prepare()
    except (UnicodeError, ValueError):
        return  # no client can send that
    _checked(doors.http.send(address, timeout=_SECONDS, allow_redirects=False))


_fields = ["csrf", "name", "password", "code", "next", "language", "state"]


@fuzzed(
    path=some.sampled_from(["/sign-in", "/code", "/sign-out", "/account", "/sso/done", "/conversations"]),
    form=some.dictionaries(
        some.sampled_from(_fields) | some.text(max_size=8), some.text(max_size=40), max_size=4
    ),
    cookie=some.text(alphabet=some.characters(min_codepoint=33, max_codepoint=126), max_size=40),
    kind=some.sampled_from(
        ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
    ),
    raw=some.none() | some.binary(max_size=100),
)
def console_forms(path: str, form: dict[str, str], cookie: str, kind: str, raw: bytes | None) -> None:
    """POST to the console by somebody who is not signed in."""
    doors = _doors[0]
    try:
        body = requests.Request("POST", doors.url, data=form).prepare().body if raw is None else raw
    except (UnicodeError, ValueError):
        return
    headers = {"Content-Type": kind, "Cookie": f"__Host-troly-visit={cookie}; __Host-troly-staff={cookie}"}
    address = f"{doors.url}{PREFIX}{path}"
    response = doors.http.post(address, data=body, headers=headers, timeout=_SECONDS, allow_redirects=False)
    assert response.status_code < 500, (response.status_code, response.text[:300])


TARGETS: dict[str, Target] = {
    "api": public_api,
    "telegram": telegram,
    "zalo": zalo_oa,
    "zalo-bot": zalo_bot,
    "portal-webhook": portal_webhook,
    "paths": paths,
    "console-forms": console_forms,
}
