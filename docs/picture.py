"""Run the demo in a terminal of 80 columns and draw what it shows: python docs/picture.py → docs/demo.svg."""

import fcntl
import io
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS = 80
# rich's own frame names a font on the web; pictures here load nothing from elsewhere.
FRAME = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img"
 aria-label="The command deepstep demo in a terminal">
<style>
.{unique_id}-matrix {{ font: {char_height}px Menlo, Consolas, "DejaVu Sans Mono", monospace;
 line-height: {line_height}px; }}
rect, path {{ shape-rendering: crispEdges; }}
.{unique_id}-title {{ font: bold 18px sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g></svg>
"""


def screen_of(command: list[str], folder: str) -> str:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {
        **os.environ,
        "PATH": path,
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "COLUMNS": str(COLUMNS),
    }
    found = [shutil.which(command[0], path=path) or command[0], *command[1:]]
    process = subprocess.Popen(
        found, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the terminal ends with the process
            break
        if not part:
            break
        parts.append(part)
    if process.wait():
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return b"".join(parts).decode().replace("\r\n", "\n")


def main() -> None:
    """Write docs/demo.svg."""
    with tempfile.TemporaryDirectory() as folder:
        text = screen_of(["deepstep", "demo"], folder)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print("[bold green]$[/] [bold]deepstep demo[/]")
    shown = Text.from_ansi(text)
    # A run of its own for the curve's dots: fonts without them borrow glyphs of another width.
    shown.highlight_regex("[\u2800-\u28ff]+", Style(bold=False))
    console.print(shown)
    target = Path(__file__).with_name("demo.svg")
    drawing = console.export_svg(title="deepstep demo", theme=MONOKAI, code_format=FRAME, unique_id="demo")
    target.write_text(with_drawn_pixels(drawing), encoding="utf-8")


def with_drawn_pixels(drawing: str) -> str:
    """Half blocks as paths: fonts leave gaps between the characters, and the paths are shorter."""

    def path(found: re.Match[str]) -> str:
        style, x, baseline = found.groups()
        return f'<path class="{style}" d="M{x} {float(baseline) - 18.5:.1f}h12.3v12.4h-12.3"/>'

    drawing = re.sub(r'<text class="([\w-]+)" x="([\d.]+)" y="([\d.]+)"[^>]*>▀</text>', path, drawing)
    return drawing.replace(' shape-rendering="crispEdges"', "")


if __name__ == "__main__":
    main()
