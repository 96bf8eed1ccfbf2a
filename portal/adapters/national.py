"""The national portal's public interface (dichvucong.gov.vn/api/v1, 2026): the list and the details."""

from __future__ import annotations

from typing import Any

from portal.adapters.national_record import list_item, procedure
from portal.errors import NotFound, PortalProtocolError, PortalRejected, RecordError
from portal.http import Http
from portal.models import ListItem, Page, Procedure
from troly.clock import now

PAGE_SIZE = 200
"""Rows a page; the portal gives no more than 200."""

_LIST = "/api/v1/submitting/formality/list-all-public-formality-by-citizen"
_DETAIL = "/api/v1/configuring/formality/get-formality-by-citizen"


class NationalPortal:
    """Reads procedures. All methods raise the errors of portal.errors."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def page(self, cursor: str | None = None, *, query: str = "", size: int = PAGE_SIZE) -> Page:
        """One page of the list, from the row after `cursor`; query filters by name or code."""
        body = {"limit": size, "lastId": cursor, "q": query, "categoryId": "", "departmentCode": ""}
        data = _data(await self._http.json("POST", _LIST, body=body))
        rows = data.get("items")
        if not isinstance(rows, list):
            raise PortalProtocolError("the portal's list has no items")
        items: list[ListItem] = []
        for row in rows:
            try:
                items.append(list_item(row))
            except RecordError as error:
                raise PortalProtocolError(f"the portal's list: {error}") from None
        last = data.get("lastId")
        following = last if isinstance(last, str) and last and last != cursor and items else None
        return Page(tuple(items), following)

    async def detail(self, identity: str) -> Procedure:
        """The procedure with this id (uuid). Raises NotFound, and RecordError for a record we cannot read."""
        try:
            answer = await self._http.json("POST", _DETAIL, body={"id": identity})
        except PortalRejected as error:
            # The portal answers 400 to an id that it does not know.
            if error.status in (400, 404, 410):
                raise NotFound(f"the portal has no procedure {identity}") from None
            raise
        return procedure(_data(answer), now(), self._http.base_url)

    async def identity(self, code: str) -> str:
        """The id of the procedure with this code. Raises NotFound."""
        page = await self.page(query=code, size=50)
        for item in page.items:
            if item.code == code:
                return item.id
        raise NotFound(f"the portal has no procedure {code}")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _data(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise PortalProtocolError("the portal's answer is not an object")
    if answer.get("code") != "OK":
        raise PortalProtocolError(f"the portal answered {str(answer.get('code'))[:40]!r} instead of OK")
    data = answer.get("data")
    if not isinstance(data, dict):
        raise PortalProtocolError("the portal's answer has no data")
    return data
