"""Draw the picture of docs/architecture.md: python docs/draw_architecture.py → docs/architecture.svg."""

from html import escape
from pathlib import Path

PICTURE = Path(__file__).with_name("architecture.svg")

BANDS = [
    (
        "A table becomes numbers",
        [("data", "frames"), ("archive", "saved models"), ("preparation", "features")],
        "X, Y",
    ),
    (
        "Numbers train one network",
        [
            ("equations", "J and ∂J/∂θ"),
            ("targets", "y as codes Y"),
            ("network", "shape, θ"),
            ("engines", "fast steps"),
            ("training", "trained θ"),
            ("inspection", "trace, checks"),
            ("model", "Network"),
        ],
        "trained networks",
    ),
    (
        "Networks become an estimator",
        [
            ("ensembles", "members"),
            ("held_out", "test rows"),
            ("estimators", "fit, predict"),
            ("run", "a folder"),
        ],
        "a model with its history",
    ),
    (
        "A model is shown and used",
        [
            ("plots", "figures"),
            ("report", "one page"),
            ("explorer", "every step"),
            ("export", "C, JS, ONNX"),
            ("serving", "HTTP"),
            ("course", "exercises"),
            ("cli", "commands"),
        ],
        "",
    ),
]
"""From top to bottom: a title, its stages with what each gives, and what the next band takes."""

WIDTH, BAND, BOX, GAP = 760, 104, 96, 8
"""In pixels: the picture, the height of a band with the arrow below it, a box, the room between two."""

STYLE = """
svg { --back: #ffffff; --band: #f3f5f8; --ink: #1b1f24; --muted: #57606a; --line: #8c959f; --new: #0b5c8e }
@media (prefers-color-scheme: dark) {
  svg { --back: #14181f; --band: #1e242d; --ink: #e6e9ee; --muted: #a3acb8; --line: #6b7684; --new: #7cc0f0 }
}
text { font: 12px system-ui, sans-serif; fill: var(--muted) }
text.title { font-weight: 600; font-size: 13px; fill: var(--ink) }
text.name { font: 600 13px ui-monospace, Menlo, Consolas, monospace; fill: var(--new) }
.back { fill: var(--back) }
.band { fill: var(--band) }
.box { fill: var(--back); stroke: var(--line) }
.arrow { fill: none; stroke: var(--line); stroke-width: 1.5 }
"""


def band(top: int, title: str, stages: list[tuple[str, str]], gives: str) -> list[str]:
    """The elements of a band, and of the arrow to the next one."""
    parts = [
        f'<rect class="band" x="8" y="{top}" width="{WIDTH - 16}" height="80" rx="8"/>',
        f'<text class="title" x="20" y="{top + 18}">{escape(title)}</text>',
    ]
    for place, (name, result) in enumerate(stages):
        x = 20 + place * (BOX + GAP)
        parts += [
            f'<rect class="box" x="{x}" y="{top + 27}" width="{BOX}" height="44" rx="5"/>',
            f'<text class="name" x="{x + BOX // 2}" y="{top + 45}" text-anchor="middle">{name}</text>',
            f'<text x="{x + BOX // 2}" y="{top + 62}" text-anchor="middle">{escape(result)}</text>',
        ]
    if gives:
        x, y = WIDTH // 2, top + 81
        parts += [
            f'<path class="arrow" d="M{x} {y}v20m-4 -6l4 6l4 -6"/>',
            f'<text x="{x + 12}" y="{y + 15}">{escape(gives)}</text>',
        ]
    return parts


def drawing() -> str:
    """The picture as SVG."""
    height = BAND * len(BANDS) - 8
    description = "; ".join(f"{title}: {', '.join(name for name, _ in stages)}" for title, stages, _ in BANDS)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" role="img" aria-label="{escape(description)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}"/>',
    ]
    for place, (title, stages, gives) in enumerate(BANDS):
        parts += band(8 + place * BAND, title, stages, gives)
    return "\n".join([*parts, "</svg>\n"])


if __name__ == "__main__":
    PICTURE.write_text(drawing(), encoding="utf-8")
