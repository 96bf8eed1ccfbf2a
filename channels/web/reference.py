"""/api/docs: the public API, listed from its OpenAPI description without any script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape

_FOLDER = Path(__file__).parent / "reference_page"

router = APIRouter(include_in_schema=False)


@router.get("/api/docs")
async def documentation(request: Request) -> Response:
    """The operations, their parameters, bodies and answers."""
    state = request.app.state
    if not hasattr(state, "reference_page"):  # made once: anybody may ask for it as often as they like
        pages = Environment(loader=FileSystemLoader(_FOLDER), autoescape=select_autoescape())
        description = request.app.openapi()
        state.reference_page = pages.get_template("index.html").render(
            info=description["info"],
            operations=_operations(description),
            schemas=description["components"]["schemas"],
            type_of=_type_of,
        )
    return Response(state.reference_page, media_type="text/html")


@router.get("/api/docs/style.css")
async def style() -> Response:
    """The page's style sheet."""
    return Response((_FOLDER / "style.css").read_bytes(), media_type="text/css")


def _operations(description: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"method": method.upper(), "path": path, **operation}
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def _type_of(schema: dict[str, Any]) -> str:
    """A schema in a few words: its name, type or choices."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if "const" in schema:
        return f'"{schema["const"]}"'
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(_type_of(choice) for choice in choices)
    if schema.get("type") == "array":
        return f"[{_type_of(schema.get('items', {}))}]"
    return str(schema.get("format") or schema.get("type") or "any")
