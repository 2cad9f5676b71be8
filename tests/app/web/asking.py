"""Asks an application without a socket, as one person. For tests of routes."""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI, Request

from bavn.app.acts.act import ActRefused
from bavn.app.web.frame import Person, SessionContext, Trouble, tell_trouble
from bavn.app.web.problems import tell_refused


class As:
    """An Access by which everybody is this person."""

    def __init__(self, person: Person) -> None:
        self._person = person

    def person(self, request: Request) -> Person:
        return self._person

    def facts(self, request: Request) -> SessionContext:
        return SessionContext(csrf="csrf", language="en", zone="Europe/Copenhagen")


def serve_as(app: FastAPI, person: Person) -> FastAPI:
    app.add_exception_handler(Trouble, tell_trouble)
    app.add_exception_handler(ActRefused, tell_refused)
    app.state.access = As(person)
    return app


def ask(app: FastAPI, path: str, method: str = "GET", *, breaks: bool = False, **more: Any) -> httpx.Response:
    """``breaks``: what a route raises after its answer began is not raised here."""

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=not breaks)
        async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
            return await client.request(method, path, **more)

    return asyncio.run(once())
