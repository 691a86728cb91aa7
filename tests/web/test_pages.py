"""The pages' files, their headers, and the API's description."""

import asyncio
import json

import pytest

from router.web import pages
from router.web.routes import record
from tests.web.service import serving


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A build of the pages: what they hold is the browser tests' subject."""
    (tmp_path / "assets").mkdir()
    for name in [*pages.PAGES.values(), *pages.DEMO_PAGES.values()]:
        (tmp_path / name).write_text(f"<!doctype html><title>{name}</title>")
    (tmp_path / "widget.js").write_text("void 0")
    (tmp_path / "assets" / "desk-CXvJ19Kt.js").write_text("void 1")
    (tmp_path / "assets" / "scheme.js").write_text("void 2")
    (tmp_path / "secret").write_text("no")
    monkeypatch.setattr(pages, "DIST", tmp_path)


async def _get(service, path, **how):
    async with service.http.get(path, **how) as response:
        return response.status, response.headers, await response.text()


@pytest.mark.parametrize("path", ["/", "/desk", "/supervisor", "/admin", "/login"])
async def test_a_page_is_asked_for_again_at_each_visit_and_cannot_be_framed(built, service, path):
    status, headers, text = await _get(service, path)
    assert status == 200
    assert text.startswith("<!doctype html>")
    assert headers["Cache-Control"] == "no-cache"
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self';" in policy
    assert "twilio" not in policy
    again, _, _ = await _get(service, path, headers={"If-None-Match": headers["ETag"]})
    assert again == 304


async def test_files_with_a_hash_in_their_name_are_kept_for_good_and_others_are_not(built, service):
    _, headers, _ = await _get(service, "/assets/desk-CXvJ19Kt.js")
    assert "immutable" in headers["Cache-Control"]
    assert "javascript" in headers["Content-Type"]
    _, headers, _ = await _get(service, "/assets/scheme.js")
    assert "immutable" not in headers["Cache-Control"]


async def test_the_widget_may_be_loaded_by_any_site(built, service):
    status, headers, _ = await _get(service, "/widget.js", headers={"Origin": "https://a.example"})
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize(
    "path", ["/assets/../secret", "/assets/..%2fsecret", "/assets/%2e%2e/secret", "//secret"]
)
async def test_nothing_beside_the_build_is_served(built, service, path):
    # by hand: a client would make the path straight
    reader, writer = await asyncio.open_connection("127.0.0.1", service.settings.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 404")


async def test_the_booth_is_there_in_the_demo_alone(built, service, house, database, live):
    assert (await _get(service, "/booth"))[0] == 404
    async with serving(house, database, live, demo=True) as demo:
        assert (await _get(demo, "/booth"))[0] == 200


async def test_without_a_build_the_page_says_what_to_do(built, service, monkeypatch, tmp_path):
    monkeypatch.setattr(pages, "DIST", tmp_path / "nothing")
    status, _, text = await _get(service, "/desk")
    assert status == 503
    assert "npm" in json.loads(text)["error"]["message"]


async def test_the_description_has_every_address_and_its_refusals(service):
    status, _, text = await _get(service, "/openapi.json")
    assert status == 200
    described = json.loads(text)
    served = {
        (found.path, found.method.lower())
        for route in service.app.router.routes()
        if (found := record(route.handler))
    }
    paths = described["paths"]
    assert {(path, method) for path, methods in paths.items() for method in methods} == served
    opening = paths["/api/contacts"]["post"]
    assert "$ref" in opening["requestBody"]["content"]["application/json"]["schema"]
    assert {"201", "400", "401", "403", "404", "409", "422", "429"} <= opening["responses"].keys()
    assert "security" not in opening
    assert paths["/api/contacts/{id}/move"]["post"]["security"] == [{"session": []}]
    form = paths["/api/widgets/{key}"]["get"]["parameters"]
    assert [(p["name"], p["in"]) for p in form] == [("key", "path"), ("language", "query")]


async def test_every_reference_in_the_description_leads_somewhere(service):
    described = json.loads((await _get(service, "/openapi.json"))[2])
    schemas = described["components"]["schemas"]
    references = []

    def walk(value):
        if isinstance(value, dict):
            if "$ref" in value:
                references.append(value["$ref"].removeprefix("#/components/schemas/"))
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(described)
    assert references
    assert set(references) <= schemas.keys()


async def test_every_operation_has_a_name_of_its_own(service):
    described = json.loads((await _get(service, "/openapi.json"))[2])
    names = [
        op["operationId"] for methods in described["paths"].values() for op in methods.values()
    ]
    assert len(names) == len(set(names))
