"""The documents say what the code does: what they name exists, and what exists they name."""

from __future__ import annotations

import ast
import re
import secrets
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from aiohttp import web

from router import errors
from router.app import make_app
from router.channels import admission, records
from router.channels.voice import legs
from router.queues import policy, rules
from router.queues.scripts import VERBS
from router.settings import Settings
from router.web.metrics import REGISTRY

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "dashboards" / "README.md"],
)
SOURCES = {".py", ".ts", ".tsx", ".lua", ".sql"}
TOP = ("router/", "tests/", "docs/", "dashboards/", ".ci/")
# made by a build or a run, or the name of what somebody is to write
NOT_THERE = re.compile(r"router/web/dist|NNNN|\*|…|\bdata/")

_FENCE = re.compile(r"^```.*?^```$", re.M | re.S)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return _FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as GitHub makes them."""
    found = set()
    for line in re.findall(r"^#+ (.+)$", prose(page), re.M):
        plain = re.sub(r"[^\w\s-]", "", line.lower().replace("`", ""))
        found.add(re.sub(r"\s", "-", plain.strip()))
    return found


def spans(page: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", prose(page))


def page(name: str) -> str:
    return (DOCS / name).read_text()


@pytest.fixture(scope="module")
def app() -> web.Application:
    settings = Settings("localhost", 8080, "http://localhost:8080", "s" * 32, Path("x"), demo=True)
    return make_app(settings)


@pytest.mark.parametrize("doc", PAGES, ids=named)
def test_every_link_leads_somewhere(doc: Path):
    wrong = []
    for target in re.findall(r"!?\[[^\]]*\]\(([^)\s]+)\)", prose(doc)):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (doc.parent / path).resolve() if path else doc
        if not found.exists() or (anchor and anchor not in anchors(found)):
            wrong.append(target)
    assert wrong == []


@pytest.mark.parametrize("doc", PAGES, ids=named)
def test_every_path_of_the_project_that_is_named_exists(doc: Path):
    paths = [span.split()[0] for span in spans(doc) if span.startswith(TOP)]
    assert [p for p in paths if not NOT_THERE.search(p) and not (ROOT / p).exists()] == []


def test_the_code_names_no_document_that_does_not_exist():
    wrong = []
    folders = [ROOT / "router", ROOT / "tests", ROOT / "dashboards" / "src"]
    for file in [f for folder in folders for f in folder.rglob("*") if f.suffix in SOURCES]:
        if "dist" in file.parts:
            continue
        for name in re.findall(r"\bdocs/[\w/-]+\.md", file.read_text()):
            if not (ROOT / name).exists():
                wrong.append(f"{named(file)}: {name}")
    assert wrong == []


class Recording(dict[str, str]):
    """An environment that notes what was asked of it."""

    def __init__(self, given: dict[str, str]) -> None:
        super().__init__(given)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


def test_the_settings_table_has_what_is_read_and_nothing_else():
    environ = Recording(
        {"PUBLIC_URL": "https://calls.acme.test", "SECRET_KEY": secrets.token_hex(24)}
    )
    Settings.from_env(environ)
    table = page("operations.md").split("## Settings")[1].split("\n## ")[0]
    told = set()
    for row in re.findall(r"^\| (`.+?) \|", table, re.M):
        told |= set(re.findall(r"`([A-Z_]+)`", row))
    assert told == environ.asked


@pytest.mark.parametrize(
    "kind",
    [
        policy.Policy,
        policy.Step,
        policy.Then,
        policy.HeadStarts,
        policy.Choice,
        policy.Refusals,
        policy.OfferTimes,
        policy.Target,
        policy.ChatTimes,
        rules.Rules,
        rules.CallbackRules,
    ],
    ids=lambda kind: kind.__name__,
)
def test_every_field_of_a_policy_is_told_with_its_default(kind: type[msgspec.Struct]):
    text = page("routing.md")
    made = kind()
    for name in kind.__struct_fields__:
        value = getattr(made, name)
        lines = [line for line in text.splitlines() if f"`{name}`" in line]
        assert lines, f"{name} is not in routing.md"
        if isinstance(value, bool):
            wanted = str(value).lower()
        elif value is None:
            wanted = "null"
        elif isinstance(value, int | float | str) and value != "":
            wanted = str(value)
        else:
            continue
        assert any(re.search(rf"\b{re.escape(wanted)}\b", line) for line in lines), (name, wanted)


def test_every_script_is_told():
    table = page("how-it-works.md").split("### Scripts")[1].split("\n### ")[0]
    told = re.findall(r"^\| `(\w+)` \|", table, re.M)
    assert sorted(told) == sorted(VERBS)


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Contact", ("arriving", "waiting", "handling", "ended")),
        ("Contact", get_args(records.Outcome)),
        ("Offer", ("accepted", "declined", "missed", "withdrawn", "accepting", "lost")),
        ("Handling", ("connecting", "active", "wrapup", "done")),
        ("Handling", get_args(records.Ending)),
        ("Agent", ("available", "break", "offline", "offered", "busy", "wrapup")),
        ("Leg", get_args(legs.State)),
    ],
)
def test_every_state_has_its_place_in_the_diagrams(heading: str, words: tuple[str, ...]):
    section = page("states.md").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    assert [word for word in words if word not in section] == []


def methods() -> dict[str, set[str]]:
    """Every class of the service with the methods that it has or inherits within it."""
    own: dict[str, set[str]] = defaultdict(set)
    bases: dict[str, set[str]] = defaultdict(set)
    for file in (ROOT / "router").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                functions = (ast.FunctionDef, ast.AsyncFunctionDef)
                own[node.name] |= {f.name for f in node.body if isinstance(f, functions)}
                bases[node.name] |= {b.id for b in node.bases if isinstance(b, ast.Name)}
    for name in bases:
        waiting = list(bases[name])
        while waiting:
            base = waiting.pop()
            own[name] |= own.get(base, set())
            waiting += bases.get(base, ())
    return own


def test_every_method_that_is_named_exists():
    known = methods()
    wrong = []
    # that page names the vendor's classes
    for doc in set(PAGES) - {DOCS / "standin.md"}:
        for span in spans(doc):
            if found := re.match(r"([A-Z]\w+)\.([a-z_]+)(?:\(.*\))?$", span):
                name, method = found.groups()
                if method not in known.get(name, ()):
                    wrong.append(f"{named(doc)}: {span}")
    assert wrong == []


def test_every_address_is_in_the_api_page_and_every_one_told_is_served(app: web.Application):
    text = page("api.md")
    served = set()
    for route in app.router.routes():
        assert route.resource is not None
        if route.method != "HEAD":
            served.add((route.method, route.resource.canonical))
    told = set(re.findall(r"`(GET|POST|PATCH|DELETE|PUT) (/[^`\s]*)`", text))
    hooks = {path.removeprefix("/twilio/voice") for _, path in served if "/twilio/" in path}
    assert sorted(hook for hook in hooks if f"`{hook}`" not in text) == []
    sockets = {path for _, path in served if path.startswith("/ws/")}
    assert sorted(path for path in sockets if f"`{path}`" not in text) == []
    plain = {
        (method, path)
        for method, path in served
        if not path.startswith(("/ws/", "/twilio/", "/standin"))
    }
    assert sorted(plain - told) == []
    assert sorted(told - served - {("POST", "/twilio/voice/…")}) == []


def test_every_kind_of_timeline_entry_is_told():
    written = set()
    for file in (ROOT / "router").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "note"
                and len(node.args) > 4
                and isinstance(node.args[3], ast.Constant)
                and "conversations" in ast.unparse(node.func)
            ):
                written.add(node.args[3].value)
    # what the hot path's functions write
    schema = (ROOT / "router/store/schema.sql").read_text()
    written |= set(re.findall(r"insert into contact_event [^;]*?, p_workspace, '(\w+)'", schema))
    section = page("api.md").split("## Timeline entries")[1].split("\n## ")[0]
    told = set(re.findall(r"^\| `(\w+)` \|", section, re.M))
    assert {"joined", "ended", "voicemail"} <= written
    assert told == written | {"message"}


def test_every_error_code_is_told_with_its_status():
    def tree(kind: type[errors.SecondlineError]) -> Iterator[type[errors.SecondlineError]]:
        yield kind
        for below in kind.__subclasses__():
            yield from tree(below)

    section = page("api.md").split("**Errors**")[1].split("\n**")[0]
    told = {code: int(n) for code, n in re.findall(r"^\| `(\w+)` \| (\d+) \|", section, re.M)}
    # those are declared; rooms may refine one, under its code or another
    assert admission.Closed.code in told
    known = {
        kind.code: kind.status
        for kind in tree(errors.SecondlineError)
        if kind.__module__ in ("router.errors", "router.channels.admission")
    }
    assert told == known


def test_every_figure_is_told_and_every_one_told_is_served():
    figures = set()
    for family in REGISTRY.collect():
        if family.name.startswith("secondline_"):
            figures.add(family.name + ("_total" if family.type == "counter" else ""))
    told = set(re.findall(r"`(secondline_\w+)`", page("operations.md")))
    assert told == figures


def imports() -> dict[str, set[str]]:
    """Which rooms each room imports. A room is a part of router/; voice is one of its own."""

    def room(module: str) -> str:
        parts = module.split(".")
        if parts[1:3] == ["channels", "voice"]:
            return "channels.voice"
        return parts[1]

    found: dict[str, set[str]] = defaultdict(set)
    for file in (ROOT / "router").rglob("*.py"):
        relative = file.relative_to(ROOT)
        if relative.name.startswith("__") and len(relative.parts) == 2:
            continue
        mine = room(".".join(relative.with_suffix("").parts))
        found[mine] |= set()
        for node in ast.walk(ast.parse(file.read_text())):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            found[mine] |= {room(name) for name in names if name.startswith("router.")} - {mine}
    return found


def test_the_rooms_import_what_the_page_says():
    told = {}
    for name, row in re.findall(
        r"^\| `router/([\w/.]+?)/?` \|[^|]*\| ([^|]*) \|$", page("rooms.md"), re.M
    ):
        told[name.removesuffix(".py").replace("/", ".")] = set(re.findall(r"`([\w.]+)`", row))
    assert told == imports()


def test_what_calls_itself_pure_imports_no_store_web_or_vendor():
    impure = {"asyncpg", "redis", "aiohttp", "prometheus_client", "random", "time", "asyncio"}
    wrong = []
    pure = 0
    for file in (ROOT / "router").rglob("*.py"):
        tree = ast.parse(file.read_text())
        if not re.search(r"\bPure[.:;]|, pure\.$", (ast.get_docstring(tree) or "").split("\n")[0]):
            continue
        pure += 1
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                roots = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                roots = {(node.module or "").split(".")[0]}
            else:
                continue
            wrong += [f"{named(file)}: {each}" for each in roots & impure]
    assert pure > 10
    assert wrong == []


def test_the_decisions_are_short_and_all_listed():
    listed = page("decisions/README.md")
    for file in (DOCS / "decisions").glob("0*.md"):
        assert f"({file.name})" in listed
        assert len(file.read_text().splitlines()) <= 25, file.name
