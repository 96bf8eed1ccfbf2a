"""Staff who use the console's pages as a browser does: sign in, fill in forms, follow where they lead."""

from __future__ import annotations

import html
import re
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pyotp


class Staff:
    """One account that is signed in."""

    def __init__(self, base: str, name: str, password: str) -> None:
        self.name = name
        self._cookies: dict[str, str] = {}
        self._http = httpx.Client(base_url=f"{base}/console", timeout=120, trust_env=False)
        self.post("/sign-in", page="/sign-in", name=name, password=password)
        page = self.page("/sign-in/enrol")
        secret = re.findall(r'id="secret">([A-Z2-7 ]+)<', page)[0].replace(" ", "")
        self.post("/sign-in/enrol", page="/sign-in/enrol", code=pyotp.TOTP(secret).now())

    def get(self, path: str) -> httpx.Response:
        """A page; redirects are followed."""
        for _ in range(5):
            answer = self._kept(self._http.get(path, headers=self._sent()))
            if answer.status_code != 303:
                return answer
            path = _own(answer)
        raise AssertionError(path)

    def page(self, path: str) -> str:
        """A page's text; it must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[-2000:])
        return answer.text

    def post(self, path: str, *, page: str, **form: Any) -> httpx.Response:
        """Send a form with the token of the page it stands on; gives the answer (303 where it went well)."""
        token = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.page(page))
        assert token, page
        sent = {"csrf": token[1], **form}
        return self._kept(self._http.post(path, data=sent, headers=self._sent()))

    def groups(self, state: str) -> list[int]:
        """The groups that a list of the review shows, all of its pages."""
        found: list[int] = []
        path: str | None = f"/review?list={'' if state == 'waiting' else state}"
        while path:
            page = self.page(path)
            found += [int(one) for one in re.findall(r'href="/console/review/groups/(\d+)', page)]
            older = re.search(r'href="/console(/review\?[^"]*after=[^"]*)"', page)
            path = html.unescape(older[1]) if older else None
        return list(dict.fromkeys(found))

    def messages(self, group: int, state: str) -> list[tuple[str, str]]:
        """(id, text) of the messages of a group's page."""
        page = self.page(f"/review/groups/{group}?list={'' if state == 'waiting' else state}")
        found = re.findall(r'name="item" value="(\d+)"[^>]*> <span class="words">([^<]*)<', page)
        return [(one, html.unescape(words)) for one, words in found]

    def until(self, path: str, wanted: str, patience: float) -> dict[str, Any]:
        """Ask a page of figures until its state is another than those of `wanted` (comma between)."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            said: dict[str, Any] = self.get(path).json()
            if said["state"] not in wanted.split(","):
                return said
            time.sleep(2)
        raise TimeoutError(path)

    def _sent(self) -> dict[str, str]:
        # The cookies are for https alone; browsers make an exception for this machine, this client not.
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            self._cookies[name] = rest.partition(";")[0]
        return answer


def _own(answer: httpx.Response) -> str:
    parts = urlsplit(answer.headers["location"])
    path = parts.path.removeprefix("/console") or "/"
    return f"{path}?{parts.query}" if parts.query else path
