"""Explorer: a page on which every number of a training step can be inspected.

`explore` makes it from a network with its examples, a notebook shows it, `export_html` writes it to one file;
``deepstep explore`` serves it with a live training.
"""

from deepstep.explorer.document import lesson
from deepstep.explorer.exploration import Exploration, explore, export_html, read_lesson
from deepstep.explorer.page import unpacked
from deepstep.explorer.replay import replay
from deepstep.explorer.shown import About

__all__ = ["About", "Exploration", "explore", "export_html", "lesson", "read_lesson", "replay", "unpacked"]
