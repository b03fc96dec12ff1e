"""Small work: the equations do its first steps, before a kernel is loaded, and kernels the later ones."""

from deepstep.engines.choice import SMALL_WORK, choose_engine, session_class
from deepstep.engines.reference import ReferenceSession
from deepstep.engines.session import Asked, Session, StepCosts
from deepstep.preparation.batches import Examples

FIRST_STEPS = 3000
"""Half a second of the equations: as long as kernels take to be loaded; to be compiled they take ten seconds.

The number of the step alone decides, so that a training that is resumed, or goes on for longer, has the bits
of an uninterrupted one.
"""


class SmallSession(ReferenceSession):
    """The equations for so many steps, then whatever ``engine="auto"`` takes for larger work."""

    why = SMALL_WORK
    _later: Session | None = None

    def prepare(self, steps: int = 1) -> None:
        """Load the kernels of the later steps, where there will be any."""
        if self._later is None and self._state.step + steps > FIRST_STEPS:
            self._later = self._open_later()

    def _do(self, examples: Examples, asked: Asked, found: StepCosts) -> None:
        n = len(asked.numbers)
        first = slice(min(n, max(0, FIRST_STEPS - self._state.step)))
        super()._do(examples, asked.part(first), found.part(first))
        if first.stop == n or not found.part(first).finite:
            return
        if self._later is None:
            self._later = self._open_later()
        rest, later = slice(first.stop, n), self._later
        later.load(self._state)
        later._do(examples, asked.part(rest), found.part(rest))
        self._take(later.state())
        self.name, self.why = later.name, later.why

    def _open_later(self) -> Session:
        choice = choose_engine("auto", self.architecture, self.settings, dtype=self._dtype.name)
        later = session_class(choice.name)(
            self.architecture, self.parameters, self.settings, self._state.statistics
        )
        later.spans = self.spans
        later.why = choice.why or later.why
        later.prepare()
        return later
