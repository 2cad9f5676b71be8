"""A console's OpenAPI document as it is true: every refusal in the one shape, who may ask each route, and how.

Refuses to describe what no route does: all else comes from the routes themselves.
"""

from collections.abc import Iterable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from bavn.app.web.frame import Refusal

PROBLEM: Final = "application/problem+json"
_REFUSED: Final = {
    "description": "Refused: why, in both languages, and who must act.",
    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Refusal"}}},
}
SCHEMES: Final = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "bavn",
        "description": "A browser's, set by logging on (its name has the console's side and port). A change also needs"
        " the header X-Bavn-CSRF, with what `/me` says.",
    },
    "token": {"type": "http", "scheme": "bearer", "description": "A program's, made under `/account/tokens`."},
}


def documented(app: FastAPI, drawn: Iterable[Any]) -> dict[str, Any]:
    """The document. ``drawn``: the routes (console.Drawn)."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version=app.openapi_version,
        description=app.description,
        routes=app.routes,
    )
    parts = document.setdefault("components", {})
    shapes = parts.setdefault("schemas", {})
    shape = Refusal.model_json_schema(ref_template="#/components/schemas/{model}")
    shapes |= shape.pop("$defs", {}) | {"Refusal": shape}
    for name in ("HTTPValidationError", "ValidationError"):
        shapes.pop(name, None)
    parts["securitySchemes"] = SCHEMES
    rights = {(route.method.lower(), _plain(route.path)): route for route in drawn}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            operation["responses"].pop("422", None)
            operation["responses"] |= {"4XX": _REFUSED, "5XX": _REFUSED}
            route = rights.get((method, _plain(path)))
            if route is None or route.open:
                operation["security"] = []
                continue
            operation["security"] = [{"session": []}, {"token": [] if route.right is None else [route.right.value]}]
            if route.right is not None:
                operation["description"] = (
                    f"{operation.get('description', '')}\n\nNeeds the right `{route.right}`.".strip()
                )
                operation["x-bavn-right"] = route.right.value
    return document


def _plain(path: str) -> str:
    """``/a/{b:path}`` as the document spells it."""
    return "".join(piece.partition(":")[0] + "}" if "{" in piece else piece for piece in _pieces(path))


def _pieces(path: str) -> list[str]:
    pieces: list[str] = []
    for piece in path.split("}"):
        before, brace, name = piece.partition("{")
        pieces += [before, brace + name] if brace else [before]
    return pieces
