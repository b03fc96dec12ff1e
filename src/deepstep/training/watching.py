"""Entries of the records that callbacks watch are checked before the first step."""

from collections.abc import Collection, Iterable, Mapping

from deepstep.errors import ConfigurationError
from deepstep.training.callbacks import Callback
from deepstep.training.plateau import Plateau
from deepstep.training.stopping import Patience


def check_watched(
    callbacks: Iterable[Callback], names: Collection[str], *, called: Mapping[int, str] | None = None
) -> None:
    """Refuse callbacks that watch what neither training nor an earlier callback writes.

    After a callback that does not say what it writes, anything may be there. ``called`` has the option that a
    callback was given for by the callback's ``id``, for errors.
    """
    known = list(names)
    for callback in callbacks:
        if isinstance(callback, Patience | Plateau):
            where = (called or {}).get(id(callback), type(callback).__name__.lower())
            _check(callback, known, where)
        if callback.adds_to_records is None:
            return
        known.extend(callback.adds_to_records)


def _check(watcher: Patience | Plateau, known: Collection[str], where: str) -> None:
    try:
        watcher.expect(known)
    except ConfigurationError as error:
        validated = any(name.startswith("validation_") for name in known)
        lacking = str(watcher.quantity).startswith("validation_") and not validated
        mend = "Give validation data, which it is of, or watch another one." if lacking else error.mend
        raise ConfigurationError(where, error.expected, error.came, mend) from None
