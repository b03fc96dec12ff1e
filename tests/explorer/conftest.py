"""Fixtures of the explorer's tests: a lesson, the front end it is shown by, and a browser that sees it."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from deepstep import Network
from deepstep.explorer import About, lesson
from deepstep.explorer.document import document_of
from deepstep.explorer.live import LiveTraining
from deepstep.explorer.server import ExplorerServer
from deepstep.explorer.shown import builtin, shown

OPTIONS = {"learning_rate": 0.3, "iterations": 60}
WEB = Path(__file__).resolve().parents[2] / "web"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

CHROMIUM = [
    "--no-sandbox",  # in containers tests run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def needed(what: str, hint: str) -> None:
    """Skip loudly on other people's machines; fail in CI, where a missing piece must be installed."""
    if IN_CI:
        pytest.fail(f"{what} is missing: {hint}")
    pytest.skip(f"NOT TESTED, {what} is missing: {hint}")


@pytest.fixture(scope="session")
def circles() -> Any:
    return builtin("circles", seed=1)


@pytest.fixture
def network() -> Network:
    return Network([2, 8, 8, 1], activation="tanh", initialization="glorot", seed=1)


@pytest.fixture(scope="session")
def document(circles: Any) -> dict[str, Any]:
    """The lesson of the demo; tests copy it before they change it."""
    net = Network([2, 8, 8, 1], activation="tanh", initialization="glorot", seed=1)
    return lesson(net, circles.X, circles.Y, about=circles.about, **OPTIONS)


@pytest.fixture(scope="session", autouse=True)
def front_end() -> None:
    """Without the bundle, which is part of the source, no page can be made."""
    missing = [
        name
        for name in ("explorer.js", "explorer.css")
        if not (files("deepstep.explorer") / "static" / name).is_file()
    ]
    assert not missing, f"build web/: {missing}"


@pytest.fixture
def serve() -> Iterator[Any]:
    """Makes servers of networks, with examples and the options of the training."""
    with ExitStack() as stack:

        def make(network: Network, X: Any, Y: Any, **options: Any) -> ExplorerServer:
            what = shown(network, X, Y, About("points"), options)
            server = ExplorerServer(document_of(what), LiveTraining(what))
            return stack.enter_context(server.running())

        yield make


@pytest.fixture(scope="session")
def axe() -> str:
    """The program that looks for faults of accessibility."""
    if not AXE.is_file():
        needed("axe-core", "npm ci --prefix web")
    return AXE.read_text(encoding="utf-8")


LOOKS = {"light": 1280, "dark": 390}
"""Color schemes, and the width of the window with each."""


@pytest.fixture
def accessible(axe: str) -> Any:
    """Asserts that a page has no fault of accessibility, and no scrollbar below it, in each of the looks."""

    def look(page: Any, looks: Mapping[str, int] = LOOKS) -> None:
        if page.evaluate("typeof axe === 'undefined'"):
            page.evaluate(axe)
        for scheme, width in looks.items():
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 844})
            found = page.evaluate("axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes[0].html]))")
            assert found == [], scheme
            assert page.evaluate("document.documentElement.scrollWidth") <= width

    return look


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window; it is never downloaded."""
    program = shutil.which("chromium")
    if program is None:
        needed("chromium", "apt-get install -y --no-install-recommends chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        needed("playwright", "pip install -e '.[test]'")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        yield found
        found.close()


class Watched:
    """A page, and everything that it should not do.

    ``own`` is what its address begins with: other requests are stopped and listed, as errors are but for what
    ``errors`` fits.
    """

    def __init__(self, context: Any, own: str, errors: str = "") -> None:
        self.expected = errors
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(f"pageerror: {error}"))
        self.page.on("console", self._heard)
        context.route("**/*", lambda route: self._asked(route, own))

    def _heard(self, message: Any) -> None:
        expected = self.expected and re.search(self.expected, message.text)
        if message.type in ("error", "warning") and not expected:
            self.errors.append(f"{message.type}: {message.text}")

    def _asked(self, route: Any, own: str) -> None:
        address = route.request.url
        if address.startswith((own, "blob:", "data:")):
            route.continue_()
            return
        self.requests.append(address)
        route.abort()

    def open(self, address: str) -> Any:
        """Go there and wait until the page says that it is ready."""
        self.page.goto(address)
        until = monotonic() + 20
        while not self.page.evaluate(
            "window.deepstepReady === true"
        ):  # the policy forbids to wait in the page
            assert monotonic() < until, "the page is not ready"
            self.page.wait_for_timeout(20)
        return self.page


@pytest.fixture
def watched(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Makes watched pages; whatever they did that they should not fails the test."""
    made: list[Watched] = []
    contexts = []

    def make(own: str, errors: str = "", **settings: Any) -> Watched:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
        contexts.append(context)
        made.append(Watched(context, own, errors))
        return made[-1]

    yield make
    for context in contexts:
        context.close()
    assert [error for one in made for error in one.errors] == []
    assert [address for one in made for address in one.requests] == []
