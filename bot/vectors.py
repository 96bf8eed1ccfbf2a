"""POST /vectors of the Rasa process: what texts mean, for the console, which groups similar messages.

Private like the rest of this process, and after the citizens: one text at a time, off the event loop, a rest
after each as long as it took, and none while messages come. A message waits for one text at most.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from time import monotonic, perf_counter
from typing import Any

import numpy as np
from sanic.request import Request
from sanic.response import HTTPResponse, json

from bot.components import encoding
from troly.text import clean, squeeze

MOST = 64
"""Texts of one request."""
LETTERS = 600
"""Of a text; the rest is not looked at."""
QUIET = 0.3
"""Seconds since the last citizen's message, from which on a text is encoded."""
LONGEST = 1.0
"""Seconds that a text waits for such a moment."""
WITHIN = 45.0
"""Seconds for all texts of a request; whoever asked may try again when there is less to do."""


def attach(app: Any) -> None:
    """Add the route to a Rasa application."""
    one_at_a_time = asyncio.Semaphore(1)

    @app.post("/vectors")
    async def vectors(request: Request) -> HTTPResponse:
        """{"texts": [...]} -> {"encoder": name, "vectors": [base64 of a signed byte a dimension]}."""
        texts = _texts(request)
        if texts is None:
            return json({"error": f"texts: 1 to {MOST} texts"}, status=400)
        name = encoding.encoder_name()
        if not name:
            return json({"error": "no encoder"}, status=404)
        made, end = [], monotonic() + WITHIN
        async with one_at_a_time:
            for left, text in zip(range(len(texts), 0, -1), texts, strict=True):
                # Were it to go on like that, all that is encoded until then would be for nothing.
                hopeless = not await _quiet() and monotonic() + (left - 1) * LONGEST > end
                if hopeless or monotonic() > end:
                    return json({"error": "busy"}, status=503)
                started = perf_counter()
                vector = await asyncio.to_thread(encoding.vector_not_kept, text)
                if vector is None:
                    return json({"error": "no encoder"}, status=404)
                made.append(_coarse(vector))
                await asyncio.sleep(perf_counter() - started)
        return json({"encoder": name, "vectors": made})


async def _quiet() -> bool:
    """Let the citizens go first; whether there is a quiet moment."""
    end = monotonic() + LONGEST
    while (now := monotonic()) < end and now - encoding.last_message() < QUIET:  # noqa: ASYNC110
        await asyncio.sleep(QUIET / 3)
    return now < end


def _texts(request: Request) -> list[str] | None:
    try:
        texts = request.json["texts"]
    except Exception:  # whatever Sanic makes of a body that is no JSON object
        return None
    if not isinstance(texts, list) or not 1 <= len(texts) <= MOST:
        return None
    if not all(isinstance(text, str) for text in texts):
        return None
    return [squeeze(clean(text[:LETTERS])) or " " for text in texts]


def _coarse(vector: Any) -> str:
    """A byte a dimension, the largest at its limit: the direction is kept to a thousandth of the cosine."""
    most = float(np.abs(vector).max()) or 1.0
    return b64encode(np.round(np.asarray(vector) / most * 127).astype(np.int8).tobytes()).decode("ascii")
