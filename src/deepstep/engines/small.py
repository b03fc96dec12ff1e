"""Small work: the equations do its first steps, before a kernel is loaded, and kernels the later ones."""

from deepstep.engines import open_session
from deepstep.engines.choice import SMALL_WORK
from deepstep.engines.reference import ReferenceSession
from deepstep.engines.session import Asked, Session, StepCosts
from deepstep.preparation.batches import Examples

FIRST_STEPS = 3000
"""Half a second of the equations: as long as kernels take to be loaded; to be compiled they take ten.

The number of the step alone decides, so that a training that is resumed, or lasts longer, has the bits
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
        at, n = 0, len(asked.numbers)
        while at < n and self._state.step < FIRST_STEPS:  # a batch without weight is no step
            here = slice(at, min(n, at + FIRST_STEPS - self._state.step))
            super()._do(examples, asked.part(here), found.part(here))
            if not found.part(here).finite:
                return
            at = here.stop
        if at == n:
            return
        if self._later is None:
            self._later = self._open_later()
        rest, later = slice(at, n), self._later
        later.load(self._state)
        later._do(examples, asked.part(rest), found.part(rest))
        self._take(later.state())
        self.name, self.why = later.name, later.why

    def _open_later(self) -> Session:
        statistics = self._state.statistics
        later = open_session("auto", self.architecture, self.parameters, self.settings, statistics=statistics)
        later.spans = self.spans
        later.prepare()
        return later
