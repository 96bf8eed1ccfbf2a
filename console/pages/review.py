"""Review: the queue, one group at a time, what was said before, how far reviewers agree."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from console.actions import Change, act
from console.errors import ConsoleError, Invalid, Refused
from console.parts import console_of
from console.permissions import Permission
from console.rendering import problem_of, redirect, render
from console.review import agreement, labelling, past, procedures, queue, reasons
from console.review.asked import asked_of, is_number
from console.review.filling import fill_meanwhile
from console.review.known import Known, known
from console.review.labels import Decision
from console.review.suggesting import offers, suggested
from console.routing import Routes
from console.texts import say
from console.visits import visit_of
from troly.masking import KINDS
from troly.tables.review import CONFIRM, SETTLE, WAITING
from troly.text import clean, squeeze

routes = Routes()

_READ, _LABEL, _CONFIRM, _SETTLE = (
    Permission.REVIEW_READ,
    Permission.REVIEW_LABEL,
    Permission.REVIEW_CONFIRM,
    Permission.EXAMPLES_WRITE,
)
_NEEDED = {WAITING: _LABEL, CONFIRM: _CONFIRM, SETTLE: _SETTLE}
_ACTIONS = {WAITING: "message_labelled", CONFIRM: "label_confirmed", SETTLE: "label_settled"}


@routes.get("/review", needs=_READ)
async def lists(request: Request) -> Response:
    """What waits, what is to be confirmed, what is to be settled."""
    console, staff = console_of(request), visit_of(request).staff
    state, reason = asked_of(request.query_params)
    await fill_meanwhile(console.store, console.settings)
    async with console.store.read() as connection:
        entries = await queue.listed(connection, staff, state, reason, _place(request))
        counts = await queue.counts(connection, staff)
    last = entries[-1] if len(entries) == queue.SIZE else None
    return render(
        request,
        "review/list.html",
        groups=entries,
        counts=counts,
        state=state,
        reason=reason.name.lower() if reason and reason.name else "",
        offered=[*reasons.names(-1)],
        names_of=reasons.names,
        unmask=_unmask(request),
        older=f"{last.rank}.{last.group}" if last else "",
        first="after" not in request.query_params,
    )


@routes.get("/review/next", needs=_READ)
async def following(request: Request) -> Response:
    """The next group of a list, or the one before; the list itself where there is none."""
    console, staff = console_of(request), visit_of(request).staff
    state, reason = asked_of(request.query_params)
    about = _about(state, reason)
    place = _place(request)
    async with console.store.read() as connection:
        if request.query_params.get("back") and place:
            group = await queue.before(connection, staff, state, reason, place)
        else:
            found = await queue.listed(connection, staff, state, reason, place, size=1)
            group = found[0].group if found else None
    done = request.query_params.get("done", "")
    if group is None:
        return redirect("/review", done=done or "review.done_all", **about)
    more = {name: request.query_params.get(name, "") for name in ("learned", "kept", "batch")}
    return redirect(f"/review/groups/{group}", done=done, **about, **more)


@routes.get("/review/groups/{group}", needs=_READ)
async def one(request: Request, group: int) -> Response:
    """A group, to be decided on."""
    return await _sheet(request, group, *asked_of(request.query_params))


@routes.post("/review/groups/{group}/label", needs=_LABEL)
async def label(request: Request, group: int) -> Response:
    """A first decision."""
    return await _decide(request, group, WAITING)


@routes.post("/review/groups/{group}/confirm", needs=_CONFIRM)
async def confirm(request: Request, group: int) -> Response:
    """A second person's decision."""
    return await _decide(request, group, CONFIRM)


@routes.post("/review/groups/{group}/settle", needs=_SETTLE)
async def settle(request: Request, group: int) -> Response:
    """An editor's decision where two disagree, or one was not sure."""
    return await _decide(request, group, SETTLE)


@routes.post("/review/undo", needs=_LABEL)
async def undo(request: Request) -> Response:
    """Take back a decision: the one that is named, else one's own last."""
    console, staff, form = console_of(request), visit_of(request).staff, await request.form()
    data = await asyncio.to_thread(known)
    undone: list[past.Batch] = []

    async def do(connection: AsyncConnection) -> Change:
        batch = str(form.get("batch") or "") or await labelling.last_of(connection, staff) or ""
        any_of = staff.can(_SETTLE)
        outcome = await labelling.undo(connection, staff, console.settings, data, batch, any_of=any_of)
        undone.extend((await past.history(connection, batch=batch))[0])
        return Change(f"review_batch:{batch}", None, outcome.figures)

    try:
        await act(console.store, staff, _LABEL, "label_undone", do)
    except ConsoleError as error:
        return await _history(request, error)
    if form.get("history"):
        return redirect("/review/history", done="review.done_undone")
    _, reason = asked_of(form)
    state = {stage: state for state, stage in labelling.STAGES.items()}[undone[0].stage]
    return redirect(f"/review/groups/{undone[0].group}", done="review.done_undone", **_about(state, reason))


@routes.get("/review/history", needs=_READ)
async def history(request: Request) -> Response:
    """Who decided what, newest first."""
    return await _history(request)


@routes.get("/review/agreement", needs=_READ)
async def agreed(request: Request) -> Response:
    """How far two people who label the same agree."""
    async with console_of(request).store.read() as connection:
        overall, pairs = await agreement.agreement(connection)
    return render(request, "review/agreement.html", overall=overall, pairs=pairs)


@routes.get("/review/proposals", needs=_READ)
async def proposals(request: Request) -> Response:
    """Intents that reviewers miss."""
    async with console_of(request).store.read() as connection:
        rows = await past.proposals(connection)
    return render(request, "review/proposals.html", rows=rows, unmask=_unmask(request))


async def _decide(request: Request, group: int, state: str) -> Response:
    console, staff, form = console_of(request), visit_of(request).staff, await request.form()
    _, reason = asked_of(form)
    about = _about(state, reason)
    data = await asyncio.to_thread(known)
    chosen = [int(str(value)) for value in form.getlist("item") if is_number(value)]
    rank = str(form.get("rank") or "0")
    place = f"{rank if rank.isdigit() else 0}.{group}"
    try:
        decision = Decision.read(form, data)
        index = await procedures.index(console.store, console.settings.province)
        if decision.procedure_code and decision.procedure_code not in index.by_code:
            raise Invalid("review.procedure_unknown")

        async def do(connection: AsyncConnection) -> Change:
            outcome = await labelling.decide(
                connection,
                staff,
                console.settings,
                data,
                index,
                group,
                state,
                chosen,
                decision,
                replace=bool(form.get("replace")),
            )
            # The name of a new intent and its reason are the reviewer's words, about a citizen's.
            proposed = decision.verdict == "new_intent"
            after = {"verdict": decision.verdict, "intent": None if proposed else decision.intent}
            after |= {"procedure": decision.procedure_code, "batch": outcome.batch, **outcome.figures}
            return Change(f"review_group:{group}", None, after, outcome)

        change = await act(console.store, staff, _NEEDED[state], _ACTIONS[state], do)
    except (Invalid, Refused) as error:
        return await _sheet(request, group, state, reason, error, form)
    outcome: labelling.Outcome = change.result
    learned = outcome.taught["example"] + outcome.taught["name"]
    kept = outcome.taught["held_out"]
    values = {"learned": learned, "kept": kept, "batch": outcome.batch}
    return redirect("/review/next", done=_done(outcome), after=place, **about, **values)


def _done(outcome: labelling.Outcome) -> str:
    if outcome.states[CONFIRM]:
        return "review.done_labelled_confirm"
    if outcome.states[SETTLE]:
        return "review.done_labelled_settle"
    names, examples = outcome.taught["name"], outcome.taught["example"]
    if names:
        return "review.done_labelled_name"
    if outcome.taught["held_out"] and not examples:
        return "review.done_labelled_held_out"
    return "review.done_labelled_example" if examples else "review.done_labelled"


async def _sheet(
    request: Request,
    group: int,
    state: str,
    reason: reasons.Reason | None,
    error: ConsoleError | None = None,
    form: Any = None,
) -> Response:
    console, visit = console_of(request), visit_of(request)
    given = form if form is not None else request.query_params
    data: Known = await asyncio.to_thread(known)
    index = await procedures.index(console.store, console.settings.province)
    async with console.store.read() as connection:
        sheet = await queue.sheet(connection, data, visit.staff, group, state)
        before, _ = await past.history(connection, group=group, size=6)
        last = await labelling.last_of(connection, visit.staff)
    if not sheet.items and error is None and state == WAITING and not before:
        return redirect("/review/next", **_about(state, reason))
    asked = squeeze(clean(str(given.get("q") or "")))[:200]
    found = index.search(asked) if asked else []
    code = str(given.get("procedure") or "") or (found[0].code if found else None)
    names = suggested(await asyncio.to_thread(offers, sheet.items, data), index, code)
    return render(
        request,
        "review/group.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        conflict=error is not None and error.code in ("review.conflict", "review.name_conflict"),
        sheet=sheet,
        state=state,
        reason=reason.name.lower() if reason and reason.name else "",
        place=f"{sheet.group.rank}.{group}",
        past=before if state != CONFIRM else [],
        last=last,
        names_of=reasons.names,
        intents=sorted(data.intents.values(), key=lambda one: one.name),
        found=found,
        asked=asked,
        names=names,
        ticked=set(form.getlist("names")) if form and form.get("offered") else None,
        chosen={int(str(value)) for value in form.getlist("item") if is_number(value)} if form else None,
        given=given,
        named=lambda code: index.by_code[code].name if code in index.by_code else code,
        may=visit.can(_NEEDED[state]),
        meanings=Counter((item.intent, item.procedure_code) for item in sheet.items).most_common(),
        unmask=_unmask(request),
    )


async def _history(request: Request, error: ConsoleError | None = None) -> Response:
    before = request.query_params.get("before", "")
    visit = visit_of(request)
    async with console_of(request).store.read() as connection:
        rows, older = await past.history(connection, before=int(before) if is_number(before) else None)
    return render(
        request,
        "review/history.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        rows=rows,
        older=older,
        first=not before,
        mine=lambda row: row.author == visit.staff.name or visit.can(_SETTLE),
        unmask=_unmask(request),
    )


def _about(state: str, reason: reasons.Reason | None) -> dict[str, str]:
    name = reason.name.lower() if reason and reason.name else ""
    return {"list": "" if state == WAITING else state, "reason": name}


def _place(request: Request) -> tuple[int, int] | None:
    rank, _, group = request.query_params.get("after", "").partition(".")
    return (int(rank), int(group)) if is_number(rank) and is_number(group) else None


def _unmask(request: Request) -> Any:
    """Masked texts are stored with the kinds' names; this says them in the reader's language."""
    t = partial(say, visit_of(request).language)

    def said(text: str) -> str:
        for kind in KINDS:
            text = text.replace(f"[{kind}]", f"[{t(f'masking.{kind}')}]")
        return text

    return said
