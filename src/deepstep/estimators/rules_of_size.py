"""The written rule: which presets, folds and batches a table of so many rows gets."""

from dataclasses import dataclass

from deepstep.estimators.presets import FAMILY, TABM, Preset

MOST_FOLDS = 5
FEW, MANY, FOLDED = 4_000, 12_000, 100_000
"""Rows below which all presets are tried, from which one alone is, and up to which there are folds."""


@dataclass(frozen=True)
class Choice:
    """Presets of a table, folds (1: a part is held out once) and networks of each preset on each."""

    presets: tuple[Preset, ...]
    n_folds: int
    repeats: int


def choose(m: int, n_estimators: int | None, preset: str = "tabular") -> Choice:
    """The presets and folds for m rows of a weight above 0, or for the number of members that is asked for.

    ================ ================================================= =====
    rows             presets                                           folds
    ================ ================================================= =====
    fewer than 4,000 all                                               5
    fewer than 12,000 selective, pieces, bent                          5
    up to 100,000    selective                                         5
    more             selective                                         1
    ================ ================================================= =====

    ``n_estimators`` are on at most 5 folds, of as many presets as that takes, then of more seeds. With
    ``preset="tabm"`` each fold has one network of many (`n_shared`).
    """
    presets = (TABM,) if preset == TABM.name else tuple(FAMILY.values())
    if n_estimators is None:
        n = len(presets) if m < FEW else 3 if m < MANY else 1
        return Choice(presets[:n], MOST_FOLDS if m <= FOLDED else 1, 1)
    n_folds = min(MOST_FOLDS, n_estimators)
    each = -(-n_estimators // n_folds)
    return Choice(presets[:each], n_folds, -(-each // len(presets)))


def n_shared(m: int) -> int:
    """How many members share a network, for m rows learned from: fewer where each takes long."""
    return 16 if m < 20_000 else 8


def n_pieces(m: int) -> int:
    """Greatest number of pieces that a number is cut into, for m rows learned from: some 30 rows each.

    >>> [n_pieces(m) for m in (100, 600, 10_000)]
    [8, 20, 32]
    """
    return min(32, max(8, m // 30))


def n_epochs(m: int) -> int:
    """Epochs for m rows learned from: 64, and fewer where they are so many that all are seen often.

    >>> [n_epochs(m) for m in (500, 50_000, 200_000, 5_000_000)]
    [64, 64, 20, 4]
    """
    return min(64, max(4, 4_000_000 // m))


def batch_size(m: int) -> int:
    """Examples of an update for m rows learned from.

    >>> [batch_size(m) for m in (100, 1_000, 5_000, 10_000, 100_000, 1_000_000)]
    [32, 64, 128, 256, 512, 1024]
    """
    for size, most in ((32, 500), (64, 2_000), (128, 8_000), (256, 12_000), (512, 100_000)):
        if m <= most:
            return size
    return 1024
