"""Pages from templates: everything is escaped, nothing is cached by browsers, links carry the prefix."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from console import navigation, texts
from console.errors import ConsoleError
from console.visits import Visit, visit_of
from troly import masking
from troly.clock import VIETNAM

PREFIX = "/console"
_HERE = Path(__file__).parent
STATIC = _HERE / "static"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates, read from the package."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"when": when, "day": day, "number": number, "percent": percent, "ms": duration}
    made.filters |= {"plain_json": compact, "pair": pair}
    made.globals |= {"asset": asset, "link": link}
    return made


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page for this visit. `problem` (a text) is shown above the content, `done` comes from the address."""
    visit = visit_of(request)
    content = environment().get_template(template).render(context(request, visit) | values)
    return HTMLResponse(content, status, {"Cache-Control": "no-store"})


def context(request: Request, visit: Visit) -> dict[str, Any]:
    """What every template may use."""
    t = partial(texts.say, visit.language)
    path = request.url.path.removeprefix(PREFIX) or "/"
    done = request.query_params.get("done", "")
    return {
        "t": t,
        "visit": visit,
        "language": visit.language,
        "can": visit.can,
        "path": path,
        "entries": [entry for entry in navigation.ENTRIES if visit.can(entry.needs)],
        "here": lambda entry: path == entry.path or path.startswith(f"{entry.path}/"),
        "csrf_field": lambda: Markup('<input type="hidden" name="csrf" value="{}">').format(visit.csrf),
        "masked": lambda text: masking.mask(text, lambda kind: t(f"masking.{kind}")),
        "masked_ours": lambda text: masking.mask_ours(text, lambda kind: t(f"masking.{kind}")),
        "revealed_text": lambda text: text,
        "problem": None,
        "done": t(done) if done.split(".")[-1].startswith("done_") and texts.knows(done) else None,
    }


def redirect(path: str, *, done: str = "", **query: object) -> RedirectResponse:
    """Go on to a page of ours; `done` is the key of the text to show there (area.done_…)."""
    values = {**query, **({"done": done} if done else {})}
    return RedirectResponse(link(path, **values), 303, {"Cache-Control": "no-store"})


def link(path: str, **query: object) -> str:
    """The address of a page of the console."""
    kept = {name: value for name, value in query.items() if value not in (None, "")}
    joint = "&" if "?" in path else "?"
    return f"{PREFIX}{path}" + (f"{joint}{urlencode(kept, doseq=True)}" if kept else "")


def own_path(path: str | None) -> str:
    """The path if it is a page of ours, else the first page: nobody is sent elsewhere after signing in."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or set(path) & set("\\\r\n\t"):
        return "/"
    return path


def asset(name: str) -> str:
    """The address of a file of static/, which changes with its content."""
    return f"{PREFIX}/static/{name}?v={_version(name, (STATIC / name).stat().st_mtime_ns)}"


@lru_cache(maxsize=64)
def _version(name: str, _changed: int) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def when(moment: datetime | None) -> Markup:
    """A time as staff read it, in Vietnam's zone."""
    if moment is None:
        return Markup("–")
    local = moment.astimezone(VIETNAM)
    return Markup('<time datetime="{}">{:%d/%m/%Y %H:%M}</time>').format(local.isoformat(), local)


def day(value: date | datetime | None) -> str:
    """A day as staff read it."""
    if isinstance(value, datetime):
        value = value.astimezone(VIETNAM)
    return f"{value:%d/%m/%Y}" if value else "–"


def number(value: float | None) -> str:
    """A number with points between thousands."""
    return "–" if value is None else f"{value:,.0f}".replace(",", ".")


def percent(value: float | None, digits: int = 0) -> str:
    """A share of 1 as a percentage."""
    return "–" if value is None else f"{value * 100:.{digits}f}%".replace(".", ",")


def duration(milliseconds: float | None) -> str:
    """Milliseconds, seconds from one second on."""
    if milliseconds is None:
        return "–"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s".replace(".", ",")


def pair(value: str, t: Callable[[str], str], prefix: str) -> tuple[str, str]:
    """A choice of a list with its text."""
    return value, t(prefix + value)


def compact(value: Any) -> str:
    """A JSON value in one line."""
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def problem_of(request: Request, error: ConsoleError) -> str:
    """What an error says in the visitor's language, for the page on which it happened."""
    key = error.code if "." in error.code else f"errors.{error.code}"
    return texts.say(visit_of(request).language, key, **error.values)
