"""L-BFGS: a quasi-Newton method over the flat θ, with all examples at once."""

from dataclasses import replace
from math import isfinite
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deepstep.environment import package
from deepstep.errors import ConfigurationError
from deepstep.training.diagnosis import evaluation_divergence
from deepstep.training.interruption import deferred
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.training.fit import Fit


class Limits(NamedTuple):
    """Where L-BFGS ends: at so many evaluations of J, or where no entry of the gradient is larger."""

    evaluations: int = 15000
    tolerance: float = 1e-5


class Minimizer:
    """Training by SciPy's L-BFGS-B, in float64; sparse inputs are made dense as a whole."""

    ENTRIES = ("epoch", "step", "cost", "seconds")

    def __init__(self, fit: "Fit") -> None:
        if fit.examples.streamed:
            problem = "L-BFGS needs all examples in memory, and these are streamed"
            raise ConfigurationError(problem, "Use an optimizer that learns from batches.")
        self._fit, self._examples, self._session = fit, fit.examples, fit.session
        self._X, self._Y, self._weight = fit.examples.take(slice(None))
        self._reached = self._session.state()
        self._evaluations = 0
        self._begun = perf_counter()
        self._finite: Array = self._reached.theta  # the last θ where J and its gradient were finite
        self._broken: Array | None = None  # the one after it

    def run(self) -> None:
        """Minimize J."""
        minimize = package("scipy.optimize").minimize
        fit, session, first = self._fit, self._session, self._reached
        limits = fit.limits or Limits()
        if fit.plan.epochs == 0:  # SciPy would do one
            fit.history.stopped = "all epochs done"
            fit.converged = False
            return
        options = {"maxfun": limits.evaluations, "maxiter": fit.plan.epochs, "gtol": limits.tolerance}
        settings = {"method": "L-BFGS-B", "jac": True, "callback": self._end_iteration, "options": options}
        try:
            with deferred() as self._interruption:
                result = minimize(self._cost_and_gradient, first.theta, **settings)
            fit.history.stopped = str(result.message)
            if not (isfinite(result.fun) and np.isfinite(result.x).all()):
                broken = result.x if self._broken is None else self._broken
                raise evaluation_divergence(session, self._examples, first, self._finite, broken)
            self._settle(result.x)
            fit.cost, fit.converged = float(result.fun), bool(result.success)
        finally:
            session.load(self._reached)

    def _cost_and_gradient(self, theta: Array) -> tuple[float, Array]:
        if self._interruption.pressed:
            raise KeyboardInterrupt
        self._evaluations += 1
        self._session.load(replace(self._reached, theta=theta))
        with np.errstate(over="ignore", invalid="ignore"):  # divergence is reported in the end, once
            cost, gradient = self._session.cost_and_gradient_of_all(
                self._X, self._Y, sample_weight=self._weight
            )
        if isfinite(cost) and np.isfinite(gradient).all() and np.isfinite(theta).all():
            self._finite, self._broken = theta, None  # a line search may come back from where it overflowed
        elif self._broken is None:
            self._broken = theta
        return cost, gradient

    def _end_iteration(self, intermediate_result: Any) -> None:
        self._settle(intermediate_result.x.copy())
        cost, seconds = float(intermediate_result.fun), perf_counter() - self._begun
        values = (len(self._fit.history), self._evaluations, cost, seconds)
        self._fit.end_epoch(dict(zip(self.ENTRIES, values, strict=True)))

    def _settle(self, theta: Array) -> None:
        """Stand at a θ, with the statistics there: an iteration has no batches whose own could run along."""
        self._session.load(replace(self._reached, theta=theta))
        self._session.settle(self._X)
        self._reached = self._session.state()
