"""The console's one page."""

from __future__ import annotations

import httpx
from fastapi import FastAPI

from console.pages import router


async def test_the_page_says_in_both_languages_what_staff_can_do_today() -> None:
    app = FastAPI()
    app.include_router(router)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://troly", follow_redirects=True
    ) as client:
        page = await client.get("/console")
        style = await client.get("/console/console.css")
    assert page.status_code == style.status_code == 200
    assert style.headers["content-type"].startswith("text/css")
    assert page.headers["content-type"].startswith("text/html")
    assert "chưa có trong phiên bản này" in page.text
    assert "not part of this version" in page.text
