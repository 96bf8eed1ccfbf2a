"""What only PostgreSQL can show: processes that want to refresh at the very same time."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from channels.store import Store
from channels.zalo_oa.api import ZaloApi
from channels.zalo_oa.grants import Grants
from channels.zalo_oa.oauth import OAuth
from channels.zalo_oa.tokens import Tokens
from tests.fakes.base import serving
from tests.fakes.zalo_oa import APP_ID, APP_SECRET, REFRESH_TOKEN, FakeZaloOa
from troly.database import async_engine, engine
from troly.privacy import Keyring
from troly.tables import Base

pytestmark = pytest.mark.postgres


async def test_eight_processes_refresh_once(fake: FakeZaloOa, keyring: Keyring, postgres_url: str) -> None:
    made = engine(postgres_url)
    Base.metadata.create_all(made)
    made.dispose()
    engines = [async_engine(postgres_url) for _ in range(8)]
    with serving(fake.app) as url:
        async with httpx.AsyncClient(trust_env=False) as real:

            def process(number: int) -> Tokens:
                grants = Grants(Store(engines[number]), keyring)
                oauth = OAuth(real, url, APP_ID, APP_SECRET)
                return Tokens(grants, oauth, seed=REFRESH_TOKEN, alive=ZaloApi(real, url).alive)

            processes = [process(number) for number in range(8)]
            first = await asyncio.gather(*(tokens.access() for tokens in processes))
            renewed = await asyncio.gather(*(tokens.renew(first[0]) for tokens in processes))
    for one in engines:
        await one.dispose()
    assert len(set(first)) == 1
    assert set(renewed) == {fake.oauth.access}
    assert len(fake.oauth.asked) == 2
