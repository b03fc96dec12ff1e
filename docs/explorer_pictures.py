"""Draws the pictures of docs/explorer.md: the page of `deepstep explore`, in chromium without a window.

python docs/explorer_pictures.py
"""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import sync_playwright

from deepstep import Network
from deepstep.explorer import explore
from deepstep.explorer.builtin import builtin

DOCS = Path(__file__).parent
PICTURES = {
    "explorer-lab.png": "s=lab&k=1&q=dW2&c=1,3",
    "explorer-play.png": "s=play&k=200",
}
"""Where the page stands in each, as the hash of its address."""

SIZE = {"width": 1280, "height": 860}


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
        for name, place in PICTURES.items():
            window = browser.new_page(viewport=SIZE)
            window.goto(f"{lesson.as_uri()}#{place}")
            window.wait_for_timeout(3000)
            picture = Image.open(BytesIO(window.screenshot()))
            picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(DOCS / name, optimize=True)
            window.close()
        browser.close()


if __name__ == "__main__":
    main()
