"""`/openapi.json`: made from the routes' records and the types that they decode and encode."""

from __future__ import annotations

import functools
import importlib.metadata
import re
from collections.abc import Iterable
from typing import Any

import msgspec
from aiohttp import web

from router.errors import Forbidden, Invalid, Malformed, SecondlineError, Unauthenticated
from router.web.routes import Route, json, record

_TEMPLATE = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"{(\w+)(?::[^}]*)?}")

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "stable, for programs"},
                "message": {"type": "string", "description": "one sentence, for people"},
                "field": {"type": "string", "description": "the input's field at fault"},
                "state": {"type": "string", "description": "the state that the thing is in"},
            },
        }
    },
}


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI 3.1 description of these routes."""
    routes = sorted(routes, key=lambda route: (route.path, route.method))
    types = [kind for route in routes for kind in (route.body, route.query, route.answer) if kind]
    schemas, components = msgspec.json.schema_components(types, ref_template=_TEMPLATE)
    schema_of = {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = _PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schema_of, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Secondline",
            "version": importlib.metadata.version("secondline"),
            "description": "Routing of support contacts. The sockets are described in docs/.",
        },
        "paths": paths,
        "components": {
            "schemas": {**components, "Error": _ERROR},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "secondline_session"}
            },
        },
    }


def _operation(
    route: Route, schema_of: dict[int, dict[str, Any]], components: dict[str, Any]
) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]
    if route.query:
        parameters += _query(schema_of[id(route.query)], components)
    success: dict[str, Any] = {"description": "Done."}
    if route.answer:
        success["content"] = {"application/json": {"schema": schema_of[id(route.answer)]}}
    operation: dict[str, Any] = {
        "summary": route.summary,
        "description": f"For: {route.who}.",
        "operationId": f"{route.method.lower()}{re.sub(r'[^a-z]+', '_', route.path.lower())}",
        "parameters": parameters,
        "responses": {str(route.status if route.answer else 204): success, **_refusals(route)},
    }
    if route.body:
        media = route.media
        schema = schema_of[id(route.body)] if media == "application/json" else {"type": "string"}
        operation["requestBody"] = {"required": True, "content": {media: {"schema": schema}}}
    if _signed_in(route):
        operation["security"] = [{"session": []}]
    return operation


def _query(reference: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    schema = components[reference["$ref"].removeprefix(_TEMPLATE.format(name=""))]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": field}
        for name, field in schema["properties"].items()
    ]


def _signed_in(route: Route) -> bool:
    return any(role in route.who for role in ("staff", "agent", "supervisor", "admin"))


def _refusals(route: Route) -> dict[str, Any]:
    refusals: set[type[SecondlineError]] = set(route.errors)
    if route.body:
        refusals |= {Malformed, Invalid}
    if route.query:
        refusals |= {Invalid}
    if _signed_in(route):
        refusals |= {Unauthenticated, Forbidden}
    by_status: dict[str, list[str]] = {}
    for error in sorted(refusals, key=lambda error: error.code):
        by_status.setdefault(str(error.status), []).append(error.code)
    return {
        status: {
            "description": f"code: {', '.join(codes)}",
            "content": {"application/json": {"schema": {"$ref": _TEMPLATE.format(name="Error")}}},
        }
        for status, codes in sorted(by_status.items())
    }


def add_description(app: web.Application) -> None:
    """Serve the description of every route that has a record: after all were added."""
    routes = [found for route in app.router.routes() if (found := record(route.handler))]

    # when it is first asked for: it would be most of what a starting process computes
    @functools.cache
    def description() -> dict[str, Any]:
        return describe(routes)

    async def serve(_: web.Request) -> web.Response:
        return json(description())

    app.router.add_get("/openapi.json", serve)
