"""Sends hostile texts and numbers to each route of a console, in bodies that are shaped as its own document says."""

import asyncio
import json
import re

import httpx

from tests.app.hostile_bodies import HOSTILE

VALUES = {
    "a lone surrogate": '"\\ud800"',
    "U+0000": '"a\\u0000b"',
    "beyond 64 bits": "18446744073709551616",
    "huge": "9" * 400,
    "not finite": "1e999",
    "NaN": "NaN",
    "a long text": json.dumps("æ" * 9000),
    "bidi and controls": '"\\u202e\\u0007"',
    "a name of Python": '"__class__"',
    "a formula": '"=1+1"',
}
PATHS = ("%00", "%ED%A0%80", "9" * 30, "..%2f..%2f", "%2e%2e", "a" * 2000, "-1", "1e9", "%D9%A1", "' OR 1=1 --")
QUERIES = (
    "after=AAAA",
    "after=%00",
    "after=W10",
    "after=WyJcdWQ4MDAiXQ",
    "limit=0",
    "limit=99999999999999999999",
    "q=%00",
    "since_us=99999999999999999999",
    "kind=%ff",
    "sort=%ED%A0%80",
    "days=1e9",
    "state=' OR 1=1 --",
)
MARK = "@@hostile@@"


def _shaped(schema, parts):
    """A smallest value of a schema, and every value of it with one of its leaves replaced by MARK."""
    schema = _resolved(schema, parts)
    if schema.get("type") == "array":
        return _leaf(schema, parts), [[form] for form in _shaped(schema.get("items", {}), parts)[1]]
    if "properties" not in schema:
        return _leaf(schema, parts), [MARK]
    whole, forms = {}, []
    for name, field in schema["properties"].items():
        whole[name], _ = _shaped(field, parts)
    for name, field in schema["properties"].items():
        forms += [{**whole, name: form} for form in _shaped(field, parts)[1]]
    return whole, forms


def _some(values, turn):
    """Four of them in turn: what one route is spared meets the next."""
    return [values[(turn + 7 * n) % len(values)] for n in range(4)]


def _resolved(schema, parts):
    while "$ref" in schema or "anyOf" in schema:
        schema = parts[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema["anyOf"][0]
    return schema


def _leaf(schema, parts):
    if "enum" in schema or "const" in schema:
        return schema["enum"][0] if "enum" in schema else schema["const"]
    kind = schema.get("type")
    if kind == "array":
        return [_shaped(schema.get("items", {}), parts)[0]] * schema.get("minItems", 0)
    return {"integer": schema.get("minimum", 1), "number": 1.0, "boolean": True, "object": {}}.get(kind, "a comment")


def requests(document):
    """(method, path, body bytes or None) for every route: hostile bodies, fields, paths and queries."""
    asked = []
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            plain = re.sub(r"\{[^}]*\}", "1", path)
            names = re.findall(r"\{[^}]*\}", path)
            asked += [(method, re.sub(r"\{[^}]*\}", value, path), None) for value in _some(PATHS, len(asked)) if names]
            asked += [(method, f"{plain}?{query}", None) for query in _some(QUERIES, len(asked)) if method == "get"]
            schema = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if schema is None:
                continue
            first, *rest = HOSTILE.values()
            asked += [(method, plain, body) for body in (first, *_some(rest, len(asked)))]
            for n, form in enumerate(_shaped(schema, document["components"]["schemas"])[1]):
                text = json.dumps(form)
                for value in {VALUES["a lone surrogate"], *_some(list(VALUES.values()), len(asked) + n)[:2]}:
                    asked.append((method, plain, text.replace(f'"{MARK}"', value).encode()))
    return asked


def fails(app, asked, browser=None):
    """What was answered by a 5xx, or by nothing."""
    return asyncio.run(_fails(app, asked, browser))


async def _fails(app, asked, browser):
    bad = []
    headers = {"content-type": "application/json", "x-bavn-csrf": "csrf"}
    origin, cookies = "http://console", None
    if browser is not None:
        origin, cookies = browser.origin, browser.cookies
        headers |= {"origin": origin, "x-bavn-csrf": browser.csrf}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=origin, headers=headers, cookies=cookies) as client:
        for method, path, body in asked:
            if path.startswith("/api/v1/live"):
                continue
            answer = await client.request(method.upper(), path, content=body)
            if answer.status_code >= 500 and answer.json().get("type") != "not-now":
                bad.append((method, path[:200], (body or b"")[:200], answer.status_code))
    return bad
