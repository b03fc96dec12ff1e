"""The equations as they stand, in NumPy."""

from race.entrants.session import SessionEntrant


class Entrant(SessionEntrant):
    engine = "reference"
