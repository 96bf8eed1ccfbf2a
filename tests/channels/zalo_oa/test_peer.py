"""An independent client, zalo_sdk 0.3.0, drives our stand-in: it speaks what others understand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import zalo_sdk
from zalo_sdk import oa

from tests.fakes.base import Shown, serving
from tests.fakes.zalo_oa import APP_ID, APP_SECRET, PNG, FakeZaloOa, user_of


@pytest.fixture
def address(fake: FakeZaloOa) -> Iterator[str]:
    """The platform; Lan follows the account."""
    fake._user("lan").follows, fake._user("lan").interacted = True, fake.oauth.now()
    fake.oauth.grant()
    with serving(fake.app) as url:
        yield url


@pytest.fixture
def client(fake: FakeZaloOa, address: str) -> Any:
    """Their client of our platform."""
    return oa.Client(APP_ID, APP_SECRET, access_token=fake.oauth.access, endpoint_prefix=address)


async def test_it_sends_a_text(client: Any, fake: FakeZaloOa) -> None:
    body = oa.ZaloMessageBody(text="Chào Anh/Chị")
    recipient = oa.ZaloRecipient(user_id=user_of("lan"))
    sent = await asyncio.to_thread(client.send_message, recipient, body)
    assert sent["data"]["user_id"] == user_of("lan") and sent["data"]["message_id"]
    assert fake.replies("lan") == [Shown("Chào Anh/Chị")]


async def test_it_uploads_a_picture_and_sends_it(client: Any, fake: FakeZaloOa) -> None:
    uploaded = await asyncio.to_thread(client.upload_file, PNG, "image", "map.png", "image/png")
    # Their element class knows no attachment_id.
    element = {"media_type": "image", "attachment_id": uploaded["data"]["attachment_id"]}
    payload = {"template_type": "media", "elements": [element]}
    body = oa.ZaloMessageBody(text="Bản đồ", attachment=oa.ZaloAttachment("template", payload))
    await asyncio.to_thread(client.send_message, oa.ZaloRecipient(user_id=user_of("lan")), body)
    assert fake.replies("lan") == [Shown("Bản đồ", image="uploaded")]


async def test_it_uploads_a_file_and_sends_it(client: Any, fake: FakeZaloOa) -> None:
    uploaded = await asyncio.to_thread(client.upload_file, b"%PDF-1.4", "file", "don.pdf", "application/pdf")
    body = oa.ZaloMessageBody(attachment=oa.ZaloAttachment("file", {"token": uploaded["data"]["token"]}))
    await asyncio.to_thread(client.send_message, oa.ZaloRecipient(user_id=user_of("lan")), body)
    assert fake.replies("lan") == [Shown("", image="file")]


async def test_it_reads_a_profile(client: Any) -> None:
    detail = await asyncio.to_thread(client.get_user_detail, user_of("lan"))
    assert (detail["data"]["user_id"], detail["data"]["user_is_follower"]) == (user_of("lan"), True)


async def test_it_understands_our_errors(client: Any) -> None:
    body = oa.ZaloMessageBody(text="x")
    with pytest.raises(zalo_sdk.ZaloOAException, match=r"\(-201\) \[Invalid parameters\]"):
        await asyncio.to_thread(client.send_message, oa.ZaloRecipient(user_id="1"), body)
    client.access_token = "nonsense"
    with pytest.raises(zalo_sdk.ZaloOAException, match=r"\(-216\) \[Invalid Access Token\]"):
        await asyncio.to_thread(client.get_user_detail, user_of("lan"))


async def test_it_renews_its_token_once(
    client: Any, fake: FakeZaloOa, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = zalo_sdk.BaseClient.__init__.__globals__["requests"].post
    monkeypatch.setattr(
        "requests.post", lambda url, **given: real(url.replace("https://oauth.zaloapp.com", address), **given)
    )
    client.refresh_token = fake.oauth.refresh
    access, refresh, _ = await asyncio.to_thread(client.refresh_acccess_token)
    assert (access, refresh) == (fake.oauth.access, fake.oauth.refresh)
    client.refresh_token = fake.oauth.spent[-1]
    with pytest.raises(zalo_sdk.ZaloOAException, match="-14014"):
        await asyncio.to_thread(client.refresh_acccess_token)
