"""Figures: overview, topics, unmet needs, the monthly report, open data, files of each table."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any

from fastapi import Request
from starlette.responses import Response

from console.actions import Change, act
from console.conversations.filters import CHANNELS, LANGUAGES
from console.errors import ConsoleError, Invalid
from console.figures import opening, overview, report, rolling, topics, unmet
from console.figures.period import PERIODS, Choice
from console.figures.tables import Table, as_csv
from console.figures.wording import Wording
from console.parts import console_of
from console.permissions import Permission
from console.rendering import problem_of, render
from console.routing import Routes
from console.visits import visit_of
from troly.clock import today

routes = Routes()

_READ, _EXPORT = Permission.FIGURES_READ, Permission.FIGURES_EXPORT


@routes.get("/figures", needs=_READ)
async def figures(request: Request) -> Response:
    """How much, how well, how long."""
    console, words, choice, problem, counting = await _asked(request)
    facts = await overview.read(console.store, choice)
    return _page(
        request, "overview", choice, problem, words,
        counting=counting,
        empty=facts.is_empty,
        tiles=overview.tiles(facts, words),
        charts=overview.charts(facts, choice, words),
        tables=overview.tables(facts, choice, words),
        compared=choice.before,
    )  # fmt: skip


@routes.get("/figures/topics", needs=_READ)
async def asked_about(request: Request) -> Response:
    """Procedures, aspects, fields, communes."""
    console, words, choice, problem, counting = await _asked(request)
    found = await topics.read(console.store, choice)
    may_open = visit_of(request).can(Permission.CONVERSATIONS_READ)
    return _page(
        request, "topics", choice, problem, words,
        counting=counting,
        empty=found.is_empty,
        tables=topics.tables(found, choice, words, may_open=may_open),
        top=topics.TOP,
        compared=choice.before,
    )  # fmt: skip


@routes.get("/figures/unmet", needs=_READ)
async def unmet_needs(request: Request) -> Response:
    """What nothing answered, growing groups first."""
    console, words, choice, problem, counting = await _asked(request)
    # Messages of the last minutes join their groups behind the page.
    unmet.fill_behind(console.store, console.settings)
    may_read = visit_of(request).can(Permission.CONVERSATIONS_READ)
    needs = await unmet.read(console.store, choice, may_read=may_read)
    return _page(
        request, "unmet", choice, problem, words,
        counting=counting,
        empty=not needs,
        needs=needs,
        may_read=may_read,
        compared=choice.before,
    )  # fmt: skip


@routes.get("/figures/open", needs=_READ)
async def open_data(request: Request) -> Response:
    """The finished months, the report and open data of each, and what the columns mean."""
    console = console_of(request)
    counting = await rolling.up_to_date(console.store)
    return render(
        request,
        "figures/open.html",
        page="open",
        words=Wording(visit_of(request).language),
        months=await opening.months(console.store),
        entries_of=opening.dictionary(),
        fewest=opening.FEWEST,
        counting=counting,
    )


@routes.post("/figures/csv", needs=_EXPORT)
async def take_table(request: Request) -> Response:
    """A table as a file."""
    console, visit, form = console_of(request), visit_of(request), await request.form()
    words = Wording(visit.language)
    choice = Choice.read({name: str(value) for name, value in form.items()})
    name = str(form.get("table", ""))
    await rolling.up_to_date(console.store)
    table = (await _tables(request, name, choice, words)).get(name)
    if table is None:
        raise Invalid("figures.no_table")
    told = {"table": name, **choice.query, "since": choice.start.isoformat(), "until": choice.end.isoformat()}
    await act(console.store, visit.staff, _EXPORT, "figures_exported", _taken("figures:csv", told))
    return _file(as_csv(table), "text/csv", f"troly-{name}-{choice.start:%Y%m%d}-{choice.end:%Y%m%d}.csv")


@routes.post("/figures/report", needs=_EXPORT)
async def take_report(request: Request) -> Response:
    """A month's report as PDF."""
    console, visit, form = console_of(request), visit_of(request), await request.form()
    words = Wording(visit.language)
    choice = Choice.read({"period": "month", "month": str(form.get("month", ""))})
    await rolling.up_to_date(console.store)
    facts, asked = await overview.read(console.store, choice), await topics.read(console.store, choice)
    shown = {**overview.tables(facts, choice, words), **topics.tables(asked, choice, words)}
    kept = (
        *("status", "channel", "language", "rating", "sample", "handover", "wait", "took"),
        *("procedure", "aspect", "field", "commune"),
    )
    needs = unmet.table(await unmet.read(console.store, choice, may_read=False, most=15), words)
    await act(console.store, visit.staff, _EXPORT, "figures_exported", _taken("figures:report", choice.query))
    province = console.settings.province
    content = await asyncio.to_thread(
        lambda: report.render(
            words.say("report_title", month=words.month(choice.start)),
            words.say(
                "report_about",
                province=province,
                since=words.day(choice.start),
                until=words.day(choice.end),
                first=words.day(choice.before[0]),
                last=words.day(choice.before[1]),
            ),
            overview.tiles(facts, words),
            list(overview.charts(facts, choice, words).values()),
            [*(shown[name] for name in kept), needs],
            words,
            today(),
        )
    )
    return _file(content, "application/pdf", f"troly-{choice.start:%Y-%m}.pdf")


@routes.post("/figures/open", needs=_EXPORT)
async def take_open(request: Request) -> Response:
    """A finished month as open data: json, csv, or the dictionary."""
    console, visit, form = console_of(request), visit_of(request), await request.form()
    kind = str(form.get("format", ""))
    if kind == "dictionary":
        return _file(opening.dictionary_csv(), "text/csv", "troly-open-data-dictionary.csv")
    month = _finished(str(form.get("month", "")), await opening.months(console.store))
    found = await opening.rows(console.store, month, Wording(visit.language))
    told = {"month": f"{month:%Y-%m}", "format": "csv" if kind == "csv" else "json"}
    await act(console.store, visit.staff, _EXPORT, "figures_exported", _taken("figures:open", told))
    if kind == "csv":
        return _file(opening.as_csv(month, found), "text/csv", f"troly-open-{month:%Y-%m}.csv")
    content = opening.as_json(month, found, console.settings.province)
    return _file(content, "application/json", f"troly-open-{month:%Y-%m}.json")


async def _asked(request: Request) -> tuple[Any, Wording, Choice, str | None, int]:
    """What every page of figures needs; a period that makes no sense is told, and the usual one shown."""
    console = console_of(request)
    problem = None
    try:
        choice = Choice.read(request.query_params)
    except ConsoleError as error:
        choice, problem = Choice.read({}), problem_of(request, error)
    counting = await rolling.up_to_date(console.store)
    return console, Wording(visit_of(request).language), choice, problem, counting


def _page(
    request: Request, page: str, choice: Choice, problem: str | None, words: Wording, **values: Any
) -> Response:
    return render(
        request,
        f"figures/{page}.html",
        status=422 if problem else 200,
        page=page,
        choice=choice,
        problem=problem,
        words=words,
        periods=PERIODS,
        channels=CHANNELS,
        languages=LANGUAGES,
        this_month=today().date(),
        **values,
    )


async def _tables(request: Request, name: str, choice: Choice, words: Wording) -> Mapping[str, Table]:
    store = console_of(request).store
    if name == "unmet":
        needs = await unmet.read(store, choice, may_read=False, most=unmet.MOST)
        return {name: unmet.table(needs, words)}
    if name in topics.KINDS:
        return topics.tables(await topics.read(store, choice), choice, words)
    return overview.tables(await overview.read(store, choice), choice, words)


def _taken(target: str, told: Mapping[str, str]) -> Any:
    async def do(_connection: object) -> Change:
        return Change(target, None, dict(told))

    return do


def _finished(text: str, months: list[date]) -> date:
    found = [month for month in months if f"{month:%Y-%m}" == text]
    if not found:
        raise Invalid("figures.month_open")
    return found[0]


def _file(content: bytes, kind: str, name: str) -> Response:
    return Response(
        content,
        media_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )
