"""scikit-learn's learning rates that change from epoch to epoch; the lecture's belong to training."""

from collections.abc import Callable


def inverse_scaling(
    initial: float,
    *,
    power: float,
    examples: int,
    first_epoch: int = 0,
    seen: int = 0,
    restart: bool = False,
) -> Callable[[int], float]:
    """α / (t + 1)^power with t the examples seen so far: "invscaling".

    Parameters
    ----------
    initial : float
        α, the rate of the first epoch.
    power : float
    examples : int
        Examples an epoch.
    first_epoch, seen : int
        Number of the first epoch and the examples seen before it, for a training that goes on.
    restart : bool
        Run the first epoch at α whatever was seen before, as scikit-learn's warm start does.

    Returns
    -------
    callable
        The rate of an epoch.

    Examples
    --------
    >>> rate = inverse_scaling(0.5, power=0.5, examples=99)
    >>> rate(0), rate(1)
    (0.5, 0.05)
    """

    def rate(epoch: int) -> float:
        if restart and epoch == first_epoch:
            return initial
        return initial / (seen + (epoch - first_epoch) * examples + 1) ** power

    return rate


class AdaptiveRate:
    """A rate that stays as it is until it is lowered: "adaptive".

    Parameters
    ----------
    rate : float
        α.
    factor : float
        What `lower` divides by.
    least : float
        A rate that is not above this is not lowered any more.

    Attributes
    ----------
    rate : float
        The rate now.

    Examples
    --------
    >>> rate = AdaptiveRate(0.5)
    >>> rate.lower(), rate(7)
    (True, 0.1)
    """

    def __init__(self, rate: float, *, factor: float = 5.0, least: float = 1e-6) -> None:
        self.rate = rate
        self._factor = factor
        self._least = least

    def __call__(self, epoch: int) -> float:
        """The rate now, whatever the epoch."""
        return self.rate

    def lower(self) -> bool:
        """Lower the rate; False where it is too small for that."""
        if self.rate <= self._least:
            return False
        self.rate /= self._factor
        return True
