"""Our torch engine on a GPU in float32."""

from race.entrants.session import SessionEntrant


class Entrant(SessionEntrant):
    engine = "torch:cuda"
