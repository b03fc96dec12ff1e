"""The compiled engine."""

from race.entrants.session import SessionEntrant


class Entrant(SessionEntrant):
    engine = "compiled"
