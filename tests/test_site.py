"""The documentation without a build: names, links, and that nothing is loaded from elsewhere."""

import re
import runpy
from functools import cache
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

import deepstep
from deepstep.course import EXERCISES, check
from docs_extensions import extension
from javascript import evaluated

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
PAGES = {*DOCS.rglob("*.md"), *(ROOT / file for file in extension("included").INCLUDED.values())}
LINK = re.compile(r"(?<!\[[lL])\]\((?!\w+:)([^)\s#]*)(#[^)\s]*)?\)")


def test_each_public_package_is_on_a_page_of_the_reference() -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (DOCS / "api").glob("*.rst"))
    documented = set(re.findall(r"^\.\. public:: (\S+)$", pages, re.MULTILINE))
    assert documented == set(extension("reference").PACKAGES)
    modules = [one for one in iter_modules(deepstep.__path__) if one.ispkg or one.name == "distributed"]
    names = ["deepstep", *(f"deepstep.{one.name}" for one in modules)]
    assert {name for name in names if any(extension("reference").parts(name).values())} <= documented


@pytest.mark.parametrize(
    ("page", "lines"), [("README.md", 120), ("CONTRIBUTING.md", 90), ("docs/architecture.md", 200)]
)
def test_pages_for_newcomers_are_short_and_name_files_that_exist(page: str, lines: int) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert text.count("\n") <= lines
    folders = (ROOT / folder for folder in ("src", "tests", "docs", "tools"))
    files = [*ROOT.iterdir(), *(path for folder in folders for path in folder.rglob("*"))]
    names = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+(?:\.(?:py|js|c)|/))`", text))
    assert len(names) > 10 or page == "README.md"
    assert [name for name in names if not any(path.match(name) for path in files)] == []


def test_the_picture_of_the_architecture_has_every_stage() -> None:
    module = runpy.run_path(str(DOCS / "draw_architecture.py"))
    assert module["PICTURE"].read_text(encoding="utf-8") == module["drawing"]()
    drawn = {name for _, stages, _ in module["BANDS"] for name, _ in stages}
    beside = {"distributed", "environment", "errors", "lecture", "types"}  # the page names them in its text
    assert drawn | beside | {"__main__"} == {name for _, name, _ in iter_modules(deepstep.__path__)}


@cache
def anchors(path: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub and MyST make them."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = (
        re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", one) for one in re.findall(r"^#+ (.+)$", text, re.M)
    )
    return {"#" + re.sub(r"[^\w\- ]", "", one.strip().lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_of_a_page_lead_to_files_and_headings(path: Path) -> None:
    text = re.sub(r"(?ms)^```.*?^```|`[^`\n]+`", "", path.read_text(encoding="utf-8"))
    for target, anchor in LINK.findall(text):
        file = path.parent / target if target else path
        assert file.exists(), f"{target} of {path}"
        if file.suffix == ".md":
            assert file.resolve() in PAGES or DOCS not in path.parents, f"the site has no page {target}"
            assert not anchor or anchor in anchors(file), f"{target}{anchor} of {path}"


def test_code_of_the_pages_fits_into_a_window_of_1280_pixels() -> None:
    for path in sorted(DOCS.rglob("*.md")):
        blocks = re.findall(r"^```(.*)\n((?s:.*?))^```", path.read_text(encoding="utf-8"), re.MULTILINE)
        lines = "".join(code for kind, code in blocks if "question" not in kind).splitlines()
        wide = [line for line in lines if len(line) > 95 and not line.startswith("    alt: ")]
        assert wide == [], path


def test_the_explorer_of_the_first_page_opens_a_network_that_it_knows() -> None:
    [place] = set(re.findall(r"live/explorer\.html(#[^\s\"]+)", (DOCS / "index.md").read_text("utf-8")))
    modules = 'import {readHash} from "./src/ui/hash.js"; import {checkToy} from "./src/lesson/check.js";'
    layers = evaluated(f"{modules} console.log(checkToy(readHash({place!r}).toy).hidden)")
    assert layers.strip() == "[ 4, 3 ]"


def test_the_site_loads_nothing_from_elsewhere_and_its_font_is_small_and_has_its_licence() -> None:
    patterns = ("conf.py", "_static/*.css", "_static/*.js", "_templates/*")
    files = [file for pattern in patterns for file in DOCS.glob(pattern)]
    assert len(files) >= 4
    for file in files:
        assert not re.search(r"(https?:)?//[a-z][\w.]*\.[a-z]{2,}", file.read_text(encoding="utf-8")), file
    assert (DOCS / "_static" / "stix-two-math.woff2").stat().st_size < 400_000
    licence = (DOCS / "_static" / "stix-two-math.LICENSE.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE" in licence.upper()


def test_directives_name_the_exercises_that_exist() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in DOCS.glob("course/*.md"))
    assert sorted(re.findall(r"^:+\{exercise\} *(\S+)", text, re.M)) == sorted(EXERCISES)


def test_the_readme_quotes_the_grade_of_a_mistake() -> None:
    def linear_backward(dZ: Any, cache: Any) -> Any:
        dA_prev, dW, db = EXERCISES["linear_backward"].function(dZ, cache)
        return dA_prev, dW, db[:, 0]

    quoted = re.search(r"```text\n(linear_backward: .*?)```", TEXTS[0].read_text(encoding="utf-8"), re.DOTALL)
    assert quoted
    assert quoted[1] in str(check(linear_backward))


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        ("g'(Z)", '<mrow><mi>g</mi><mo lspace="0em" rspace="0em">\u2032</mo></mrow>'),
        ("z < -5", '<mo>&lt;</mo><mo form="prefix">\u2212</mo><mn>5</mn>'),
        ("a - 5", "<mi>a</mi><mo>\u2212</mo><mn>5</mn>"),
        ("y \\log a", '<mspace width="0.17em"></mspace><mi>log</mi><mspace width="0.17em"></mspace>'),
        ("(a) \\log(b)", '<mspace width="0.17em"></mspace><mi>log</mi><mo stretchy="false">('),
        ("A^{l-1}", '<mo lspace="0em" rspace="0em">\u2212</mo>'),
        ("\\max(0, z)", "<mrow><mi>max</mi>"),
    ],
    ids=["prime", "sign", "difference", "function", "brackets", "script", "operator"],
)
def test_formulas_are_spaced_as_in_tex(latex: str, expected: str) -> None:
    found = extension("mathml").mathml(latex)
    assert found.startswith('<math xmlns="http://www.w3.org/1998/Math/MathML"')
    assert expected in found
