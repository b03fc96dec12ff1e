"""What callbacks watch in the records: that it will be there is found out before the first step."""

from collections.abc import Collection, Iterable

from deepstep.training.callbacks import Callback
from deepstep.training.plateau import Plateau
from deepstep.training.stopping import Patience


def check_watched(callbacks: Iterable[Callback], names: Collection[str]) -> None:
    """Refuse callbacks that watch what neither training nor an earlier callback writes.

    Parameters
    ----------
    callbacks : iterable of Callback
        In their order. After one that does not say what it writes, anything may be there.
    names : collection of str
        The entries that training itself writes.

    Raises
    ------
    ConfigurationError
    """
    known = list(names)
    for callback in callbacks:
        if isinstance(callback, Patience | Plateau):
            callback.expect(known)
        if callback.adds_to_records is None:
            return
        known.extend(callback.adds_to_records)
