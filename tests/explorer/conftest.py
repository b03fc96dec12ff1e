"""Fixtures of the explorer's tests: a lesson, its server, and a browser that watches what a page does."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest

from deepstep import Network
from deepstep.course.museum import document as document_of_museum
from deepstep.explorer import About, explore, lesson
from deepstep.explorer.document import document_of
from deepstep.explorer.live import LiveTraining
from deepstep.explorer.server import ExplorerServer
from deepstep.explorer.shown import builtin, shown

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

CHROMIUM = [
    "--no-sandbox",  # in containers tests run as root
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
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
    return lesson(net, circles.X, circles.Y, about=circles.about, learning_rate=0.3, iterations=60)


@pytest.fixture(scope="session")
def museum() -> dict[str, Any]:
    return document_of_museum()


@pytest.fixture(scope="session")
def points() -> tuple[Any, Any]:
    """Six points of two classes, whose matrices a page shows whole."""
    X = np.random.default_rng(5).standard_normal((2, 6))
    return X, (X[:1] > 0).astype(float)


@pytest.fixture(scope="session")
def small(points: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page of a small network."""
    path = tmp_path_factory.mktemp("small") / "lesson.html"
    explore(Network([2, 3, 1], activation="tanh", seed=1), *points, iterations=3).export(path)
    return path.as_uri()


@pytest.fixture
def serve() -> Iterator[Any]:
    """Makes servers of networks, with examples and the options of the training."""
    with ExitStack() as stack:

        def make(network: Network, X: Any, Y: Any, **options: Any) -> ExplorerServer:
            what = shown(network, X, Y, About("points"), options)
            server = ExplorerServer(document_of(what), LiveTraining(what))
            return stack.enter_context(server.running())

        yield make


@pytest.fixture
def accessible() -> Any:
    """Asserts that a page has no fault of accessibility in both color schemes, and no scrollbar below it."""
    if not AXE.is_file():
        needed("axe-core", "npm ci --prefix web")

    def look(page: Any, dark_at: int = 390, scrolls_at: int = 390) -> None:
        if page.evaluate("typeof axe === 'undefined'"):
            page.evaluate(AXE.read_text(encoding="utf-8"))
        page.set_viewport_size({"width": scrolls_at, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= scrolls_at
        for scheme, width in (("dark", dark_at), ("light", 1280)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 844})
            faults = page.evaluate("axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes[0].html]))")
            assert faults == [], scheme
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
        chromium = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        yield chromium
        chromium.close()


class Watched:
    """A page, and everything that it should not do.

    ``own`` is what its address begins with: other requests are stopped and listed, as errors are but for what
    ``errors`` fits.
    """

    def __init__(self, context: Any, own: str, errors: str = "") -> None:
        self.own, self.expected = (own, "blob:", "data:"), errors
        self.wrong: list[str] = []
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self.wrong.append(f"pageerror: {error}"))
        self.page.on("console", self._heard)
        context.route("**/*", self._asked)

    def _heard(self, message: Any) -> None:
        expected = self.expected and re.search(self.expected, message.text)
        if message.type in ("error", "warning") and not expected:
            self.wrong.append(f"{message.type}: {message.text}")

    def _asked(self, route: Any) -> None:
        if route.request.url.startswith(self.own):
            route.continue_()
            return
        self.wrong.append(f"request: {route.request.url}")
        route.abort()

    def open(self, address: str) -> Any:
        """Go there and wait until the page says that it is ready."""
        self.page.goto(address)
        until = monotonic() + 20
        # the policy forbids to wait in the page
        while not self.page.evaluate("window.deepstepReady === true"):
            assert monotonic() < until, "the page is not ready"
            self.page.wait_for_timeout(20)
        return self.page


@pytest.fixture
def watched(browser: Any) -> Iterator[Any]:
    """Makes watched pages; whatever they did that they should not fails the test."""
    made: list[Watched] = []
    with ExitStack() as contexts:

        def make(own: str, errors: str = "", **settings: Any) -> Watched:
            context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
            contexts.callback(context.close)
            made.append(Watched(context, own, errors))
            return made[-1]

        yield make
    assert [wrong for one in made for wrong in one.wrong] == []


@pytest.fixture
def opened(watched: Any, tmp_path: Path) -> Any:
    """Opens a page at a place in it: an address, the text of a page, an exploration, or a server."""

    def go(source: Any, place: str = "", **settings: Any) -> Any:
        if isinstance(source, ExplorerServer):
            return watched(f"http://127.0.0.1:{source.port}/", **settings).open(f"{source.url}{place}")
        if not str(source).startswith("file:"):
            path = tmp_path / f"page{len(list(tmp_path.iterdir()))}.html"
            path.write_text(getattr(source, "html", source), encoding="utf-8")
            source = path.as_uri()
        return watched(source.partition("#")[0], **settings).open(f"{source}{place}")

    return go
