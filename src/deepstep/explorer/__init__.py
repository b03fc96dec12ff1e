"""Explorer: takes a network with its examples, gives a page on which every number of a training step opens.

`explore` makes it, a notebook shows it, `export_html` writes it as one file; ``deepstep explore`` serves it
with a network that trains.
"""

from deepstep.docstrings import complete
from deepstep.explorer.document import lesson
from deepstep.explorer.exploration import Exploration, explore
from deepstep.explorer.export import export_html
from deepstep.explorer.packing import unpacked
from deepstep.explorer.reading import read_lesson
from deepstep.explorer.replay import replay
from deepstep.explorer.shown import About

__all__ = ["About", "Exploration", "explore", "export_html", "lesson", "read_lesson", "replay", "unpacked"]

complete({name: globals()[name] for name in __all__})
