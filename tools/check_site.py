"""Open every page of the built site: python tools/check_site.py [FOLDER] [--pages PATTERN] [--shots FOLDER].

Each page is opened from its file in Chromium at 1280 and 390 px. Ends with status 1 where a page asks for
anything outside the folder, writes an error to the console, has an axe violation, has a formula that is no
MathML, is wider than the window, links to a missing file, or where a question of a chapter does not take its
answer.
"""

import argparse
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from fnmatch import fnmatch
from itertools import repeat
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = 1280, 390
CHROMIUM = "chromium", "chromium-browser", "google-chrome"
"""Names of the browser: Debian, Ubuntu, and the machines of GitHub."""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHOT = 8000
"""Largest height of a screenshot; Chromium does not end on those of very long pages."""

VIOLATIONS = """async (contrast) => {
    await document.fonts.ready;
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    const rules = {"color-contrast": {enabled: contrast}};
    const what = {preload: false, iframes: false, resultTypes: ["violations"], rules};
    const found = await axe.run(document, what);
    const places = (one) => one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ");
    return found.violations.map((one) => `axe ${one.id}: ${places(one)}`);
}"""
"""Two frames later scripts have seen the width. Colours are compared at one width: they are the same at all,
and this is most of the work.
"""

OVERFLOW = "() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"

UNREADABLE = (
    "() => [...document.querySelectorAll('.math-block')].filter((one) => !one.querySelector('math')).length"
)

FILES = """() => [...document.querySelectorAll("a[href], iframe[src]")]
    .map((link) => link.href || link.src).filter((address) => address.startsWith("file:"))"""
"""The files that a page links to and shows."""

CHAPTER = """() => {
    const problems = [];
    const verdict = (form, field, value, choice) => {
        if (field) field.value = value;
        else choice.checked = true;
        form.requestSubmit();
        return form.dataset.verdict;
    };
    for (const form of document.querySelectorAll("form.question[data-chapter]")) {
        const field = form.querySelector("input[type=text]"), {answer, value} = form.dataset;
        const choices = [...form.querySelectorAll("[type=radio]")];
        const right = choices.find((one) => one.value === answer);
        const wrong = choices.find((one) => one !== right);
        if (verdict(form, field, "123456", wrong) !== "wrong") problems.push(`${form.id} takes a wrong one`);
        if (verdict(form, field, value, right) !== "right") problems.push(`${form.id} refuses it`);
        if (!form.querySelector("details").open) problems.push(`${form.id} shows no reason`);
    }
    const head = document.querySelector(".chapter-head"), progress = head?.querySelector("progress");
    if (progress && progress.value !== progress.max) problems.push("the progress does not count the answers");
    const symbol = head && document.querySelector("[data-symbol][tabindex='0']");
    symbol?.focus();
    if (symbol && document.querySelectorAll(".lit").length < 2) problems.push("a symbol marks nothing else");
    symbol?.blur();
    return problems;
}"""
"""Questions of a chapter take their answer and no other; a symbol with the focus marks its other places."""


def chromium() -> str:
    """Path of the installed browser."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        sys.exit(f"No browser: none of {', '.join(CHROMIUM)} is installed. Run apt-get install chromium.")
    return found


def watched(page: Page, folder: Path) -> list[str]:
    """What the page asks for outside the folder, and what it writes to the console, as it happens."""
    found: list[str] = []
    inside = (folder.resolve().as_uri(), "data:", "blob:", "about:")
    page.on(
        "request", lambda one: None if one.url.startswith(inside) else found.append(f"request: {one.url}")
    )
    page.on("requestfailed", lambda one: found.append(f"failed: {one.url}"))
    page.on("console", lambda one: found.append(f"console: {one.text}") if one.type == "error" else None)
    page.on("pageerror", lambda error: found.append(f"error: {error}"))
    return found


def check(browser: Browser, path: Path, folder: Path, shots: Path | None) -> list[str]:
    """Problems of one page, opened once and looked at in both widths."""
    name = path.relative_to(folder).as_posix()
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}, offline=True)
    page = context.new_page()
    found = watched(page, folder)
    search = name == "search.html"
    page.goto(path.resolve().as_uri() + "?q=network" * search, wait_until="load")
    if search:
        page.wait_for_selector("#search-results li", timeout=20_000)
    if broken := page.evaluate(UNREADABLE):
        found.append(f"{broken} formulas that are no MathML")
    files = {urlsplit(address).path for address in page.evaluate(FILES)}
    found += [f"missing file: {file}" for file in sorted(files) if not Path(unquote(file)).exists()]
    found += page.evaluate(CHAPTER)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{width} px: {one}" for one in page.evaluate(VIOLATIONS, width == WIDTHS[0])]
        wider = page.evaluate(OVERFLOW)
        if wider > 0:
            found.append(f"{width} px: wider than the window by {wider} px")
        if shots:
            target = shots / f"{name.replace('/', '-')}-{width}.png"
            height = min(SHOT, page.evaluate("document.documentElement.scrollHeight"))
            page.screenshot(
                path=target, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height}
            )
    context.close()
    return [f"{name}: {one}" for one in found]


def check_all(paths: list[Path], folder: Path, shots: Path | None) -> list[str]:
    """Problems of several pages in one browser."""
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium(), args=FLAGS)
        found = []
        for path in paths:
            new = check(browser, path, folder, shots)
            print("".join(f"{one}\n" for one in new), end="", flush=True)
            found += new
        browser.close()
    return found


def main() -> int:
    """Print all problems; 1 where there are some."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "docs")
    parser.add_argument("--pages", default="*")
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    if given.shots:
        given.shots.mkdir(parents=True, exist_ok=True)
    every = sorted(given.folder.rglob("*.html"), key=lambda path: -path.stat().st_size)  # long ones first
    paths = [path for path in every if fnmatch(path.relative_to(given.folder).as_posix(), given.pages)]
    if not paths:
        print(f"{given.folder} has no page {given.pages}")
        return 1
    if not AXE.exists():
        sys.exit(f"{AXE} is missing. Run npm ci --prefix web.")
    chromium()
    parts = [paths[start :: given.processes] for start in range(given.processes)]
    with ProcessPoolExecutor(given.processes) as pool:
        found = [
            one
            for part in pool.map(check_all, parts, repeat(given.folder), repeat(given.shots))
            for one in part
        ]
    print(f"{len(paths)} pages at {len(WIDTHS)} widths, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
