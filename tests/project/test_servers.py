"""The real servers that tests may ask for (tests/conftest.py) are empty and work with our drivers."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from redis.asyncio import Redis

from troly.database import async_engine, engine


@pytest.mark.postgres
@pytest.mark.parametrize("_time", [1, 2])
async def test_each_test_gets_an_own_empty_postgres_database(postgres_url: str, _time: int) -> None:
    made = async_engine(postgres_url)
    async with made.begin() as connection:
        assert await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names()) == []
        await connection.execute(sa.text("CREATE TABLE trace (word TEXT)"))
        await connection.execute(sa.text("INSERT INTO trace VALUES ('đăng ký khai sinh')"))
    await made.dispose()
    other = engine(postgres_url)
    with other.connect() as connection:
        assert connection.execute(sa.text("SELECT word FROM trace")).scalar_one() == "đăng ký khai sinh"
    other.dispose()


@pytest.mark.redis
async def test_the_redis_server_carries_messages(redis_url: str) -> None:
    client = Redis.from_url(redis_url)
    async with client.pubsub() as listener:
        await listener.subscribe("news")
        assert (await listener.get_message(timeout=5))["type"] == "subscribe"
        await client.publish("news", "hello")
        assert (await listener.get_message(timeout=5))["data"] == b"hello"
    await client.close()
    await client.connection_pool.disconnect()
