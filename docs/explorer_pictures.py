"""Draws the pictures of docs/explorer.md: every screen of the page of `deepstep explore`, wide and narrow, in
chromium without a window.

python docs/explorer_pictures.py
"""

from io import BytesIO
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import sync_playwright

from deepstep import Network
from deepstep.explorer import explore
from deepstep.explorer.shown import builtin

DOCS = Path(__file__).parent
PLACES = {"home": "s=home", "lab": "s=lab&k=1&q=dW2&c=1,3", "play": "s=play&k=200"}
"""Where the page stands in each, as the hash of its address."""

DIALOGS = {"check": "Gradient check", "share": "Share"}
"""What opens over the Step lab, with the name of its button."""

SIZES = {"": (1280, 800), "-narrow": (390, 844)}


def main() -> None:
    """Write the pictures beside this file."""
    circles = builtin("circles", seed=1)
    network = Network([2, 8, 8, 1], activation="tanh", initialization="glorot", seed=1)
    options = {"optimizer": "adam", "learning_rate": 0.03, "iterations": 200}
    page = explore(network, circles.X, circles.Y, about=circles.about, **options)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        lesson = Path(folder) / "lesson.html"
        page.export(lesson)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for (suffix, (width, height)), screen in product(SIZES.items(), [*PLACES, *DIALOGS]):
            window = browser.new_page(viewport={"width": width, "height": height})
            window.goto(f"{lesson.as_uri()}#{PLACES.get(screen, PLACES['lab'])}")
            window.wait_for_timeout(3000)
            if screen in DIALOGS:
                window.get_by_role("button", name=DIALOGS[screen]).first.click()
                window.wait_for_timeout(2000)
            picture = Image.open(BytesIO(window.screenshot())).convert("P", palette=1, colors=128)
            picture.save(DOCS / f"explorer-{screen}{suffix}.png", optimize=True)
            window.close()
        browser.close()


if __name__ == "__main__":
    main()
