"""The training of one network as an estimator asks for it: a `Fit`, or two, with scikit-learn's rules."""

import sys
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf, nan
from typing import NamedTuple, cast

import numpy as np
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning

from deepstep.distributed import engine_of_training
from deepstep.engines import Session, open_session
from deepstep.equations import get_optimizer
from deepstep.errors import ConfigurationError, DivergenceError, warn_the_caller
from deepstep.estimators.attributes import Progress
from deepstep.estimators.network_parameters import NetworkParameters
from deepstep.estimators.network_settings import (
    DEFAULT_BATCH_SIZE,
    AdaptiveRate,
    InverseScaling,
    checkpoint_to_resume,
    checkpoints_of,
    first_rate,
    refuse_what_is_of_batches,
    refuse_without_use,
    schedules_of,
    settings_of,
)
from deepstep.model import Network
from deepstep.model.construction import FROM_DATA
from deepstep.model.fit import inputs_to_draw_from
from deepstep.model.options import as_progress, refuse_idle
from deepstep.network import Parameters
from deepstep.network.architecture import check_memory_to_train
from deepstep.network.border import weights_in
from deepstep.preparation.batches import Examples, as_they_are, shuffled, together
from deepstep.preparation.streams import StreamedExamples
from deepstep.targets import Targets
from deepstep.training import Callback, History, ModelCheckpoint, Plan, Training
from deepstep.training.callbacks import as_callbacks
from deepstep.training.checkpoint import plain
from deepstep.training.fit import INTERRUPTED, Fit, refuse_unrepeatable_rates
from deepstep.training.history import Record
from deepstep.training.lbfgs import Limits
from deepstep.training.rate_finder import AUTO, RateSearch
from deepstep.training.scoring import COST
from deepstep.training.stopping import EarlyStopping, Repeat
from deepstep.types import Array

NON_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
    "preprocessed."
)
"""scikit-learn's words."""

BLIND = (
    "{blind}: early stopping found no best one, and the parameters are those from before. The metric is "
    "given by scoring, here {metric}: correct it, or look whether the validation data are all of one class "
    "or out of all proportion."
)
"""The warning where early stopping had no score to go by."""


class _Reached(NamedTuple):
    """Where one training ended; ``best_epochs`` is the number that early stopping kept, or 0."""

    parameters: Parameters
    statistics: Mapping[str, Array]
    history: History
    progress: Progress
    best_epochs: int = 0


@dataclass(frozen=True)
class NetworkTraining:
    """A network to train with the parameters of an estimator; ``earlier`` is continued.

    ``judges`` gives the callbacks that score validation data. Examples are not yet in the weights of the
    classes. ``rate`` is the first learning rate, ``epochs`` the number of them in a refit.
    """

    params: NetworkParameters
    targets: Targets
    where: str
    judges: Callable[[Network, Examples], list[Callback]]
    incremental: bool = False
    going_on: bool = False
    earlier: Progress = field(default_factory=Progress)
    rate: float = 0.0
    epochs: int | None = None

    @property
    def in_batches(self) -> bool:
        """Whether updates are made with batches, as L-BFGS does not."""
        return self.params.solver != "lbfgs"

    def run(
        self, network: Network, learn: Examples | StreamedExamples, held_out: Examples | None
    ) -> Progress:
        """Train the network, and where it is asked for once more on everything."""
        params = self.params
        early = params.early_stopping and self.in_batches
        if not self.incremental:
            refuse_without_use(params, validated=held_out is not None)
        if learn.streamed and (not self.in_batches or params.refit):
            setting = "refit=True" if params.refit else "solver='lbfgs'"
            raise ConfigurationError(f"{setting} cannot be used where rows are streamed")
        start = params.initialization
        if isinstance(start, str) and start == FROM_DATA and not self.going_on:
            network.initialize_from_data(inputs_to_draw_from(learn.sample))
        learned, validation = learn, held_out
        if not learn.streamed:
            learned, validation = self._weighted(learn, held_out)
        first, rate, search, stopping = self, None, None, None
        if self.in_batches:
            rate, search = self._first_rate(network, learned.sample)
            first = replace(self, rate=rate)
        reached = first._train(network, learned, validation)
        interrupted = reached.history.stopped == INTERRUPTED
        if early and params.refit and held_out is not None and reached.best_epochs and not interrupted:
            everything, _ = self._weighted(together(cast(Examples, learn), held_out), None)
            second = replace(first, epochs=reached.best_epochs)._train_again(network, reached, everything)
            if second is not None:
                reached, stopping = second, reached
        best = (stopping or reached).progress.best
        best_loss, score = best.get("cost"), None
        if params.early_stopping:
            best_loss = best.get("validation_cost")
            score = best.get("validation_score", None if best_loss is None else -best_loss)
        network.parameters, network.statistics = reached.parameters, dict(reached.statistics)
        before = History() if network.history is None else network.history
        network.history = before + reached.history  # a shallow copy of the estimator keeps its own
        self._warn_of_the_budget(reached.history)
        return replace(
            reached.progress,
            examples_seen=self.earlier.examples_seen + reached.progress.examples_seen,
            stopping_history=None if stopping is None else stopping.history,
            best_loss=best_loss,
            best_validation_score=score,
            learning_rate=rate,
            search=search,
        )

    def _warn_of_the_budget(self, history: History) -> None:
        budget = self.params.time_budget
        if budget is not None and len(history) == 1 and history[-1]["seconds"] > budget:
            warn_the_caller(
                f"{self.where}: a time budget of {budget:g} s is too short for one epoch, which took "
                f"{history[-1]['seconds']:.3g} s and was done whole."
            )

    def _weighted(self, learn: Examples, held_out: Examples | None) -> tuple[Examples, Examples | None]:
        """Both with the weights of the classes, which those that are learned from decide."""
        targets, class_weight = self.targets, getattr(self.params, "class_weight", None)
        class_weights = None
        if class_weight is not None:
            positions = targets.class_columns(learn.Y)
            class_weights = targets.weights_of_classes(class_weight, positions, learn.weight)

        def weighted(examples: Examples) -> Examples:
            weight = targets.row_weights(class_weights, examples.Y, examples.weight)
            return replace(examples, weight=None if weight is None else weights_in(examples.Y.dtype, weight))

        validation = None if held_out is None else weighted(held_out)
        return weighted(learn), validation

    def _first_rate(self, network: Network, learned: Examples) -> tuple[float, RateSearch | None]:
        """The first rate of the fit, which a continued one keeps, and the search that found it."""
        earlier = self.earlier
        if self.params.learning_rate_init == AUTO and earlier.search is not None:
            return cast(float, earlier.learning_rate), earlier.search
        session = partial(self._session, network, network.parameters)
        return first_rate(self.params, learned, session, network.seed)

    def _train_again(self, network: Network, validated: _Reached, examples: Examples) -> _Reached | None:
        """Train on everything; None where it diverged or Ctrl-C ended it: the validated network is better."""
        reason = "was interrupted"
        try:
            reached = self._train(network, examples, None)
            if reached.history.stopped != INTERRUPTED:
                return reached
        except KeyboardInterrupt:  # before the first step
            pass
        except DivergenceError as error:
            reason = f"diverged in the refit ({error.problem})"
        if reason == "was interrupted":
            validated.history.stopped = INTERRUPTED
        warn_the_caller(f"{self.where} {reason}: the network is kept as before the refit.")
        return None

    def _train(
        self, network: Network, examples: Examples | StreamedExamples, held_out: Examples | None
    ) -> _Reached:
        """Train once: until it converges or max_iter, if incremental for one epoch."""
        params, earlier = self.params, self.earlier
        early = held_out is not None and params.early_stopping and self.in_batches
        fit = self._in_batches(network, examples, held_out, early=early) if self.in_batches else None
        if fit is None:
            fit = self._by_lbfgs(network, cast(Examples, examples), held_out)
        ended = self._run(fit)
        history, patience, end = fit.history, fit.patience, fit.session.state()
        parameters, statistics = fit.session.parameters, end.statistics
        if early and patience is not None and len(history):
            parameters, statistics = network.parameters, network.statistics  # where it kept none
            if patience.best_parameters is not None:
                parameters, statistics = patience.best_parameters, patience.best_statistics
            if blind := patience.blind(history):
                metric = "the estimator's own score" if params.scoring is None else plain(params.scoring)
                warn_the_caller(BLIND.format(blind=blind, metric=metric), UndefinedMetricWarning)
        self._warn_of_the_limit(fit, ended=ended)
        best = dict(earlier.best)
        if patience is not None and patience.best is not None:
            best[patience.quantity] = patience.best
        if not self.in_batches and len(history):
            best["cost"] = min(*(record["cost"] for record in history), best.get("cost", inf))
        rate = fit.plan.learning_rate
        progress = Progress(
            loss=fit.cost,
            epochs=len(history),
            examples_seen=_examples_seen(fit, ended=ended),
            best=best,
            stalled=0 if patience is None else patience.stalled,
            adapted_rate=rate.rate if isinstance(rate, AdaptiveRate) else None,
            # training continues from the network's parameters
            optimizer=replace(end, theta=end.theta[:0].copy()) if self.in_batches else None,
        )
        best_epochs = fit.best_epochs if early else 0
        return _Reached(parameters.astype(network.dtype), statistics, history, progress, best_epochs)

    def _warn_of_the_limit(self, fit: Fit, *, ended: bool) -> None:
        """Warn of a training that a limit has ended, unless it was planned so."""
        params, limit = self.params, ""
        if not self.in_batches:
            limit = fit.history.stopped if ended and not fit.converged else ""
        elif len(fit.history) == params.max_iter:
            planned = self.incremental or self.epochs is not None or params.schedule is not None
            converged = fit.patience is not None and fit.patience.over
            limit = "" if planned or converged else f"{params.max_iter} epochs (max_iter) are done"
        if limit:
            message = f"Training ended before it converged: {limit}. Raise max_iter or scale the inputs."
            warn_the_caller(message, ConvergenceWarning)

    def _run(self, fit: Fit) -> bool:
        """Train; False where Ctrl-C ended it, of which the caller of fit is warned."""
        try:
            fit.run()
        except DivergenceError as error:
            if not fit.best_epochs:
                error.also(NON_FINITE)
                raise
            # as in scikit-learn, early stopping ends at the best epoch
            fit.history.stopped = "diverged"
            nothing = dict.fromkeys(("cost", "validation_cost", "validation_score"), nan)
            final = fit.history[-1]
            fit.history.records.append({**final, **nothing, "epoch": final["epoch"] + 1})
            warn_the_caller(f"Training diverged, and the best epoch is kept. {error}", ConvergenceWarning)
        except KeyboardInterrupt:
            if not (len(fit.history) or fit.training.position.batch):
                raise  # nothing was trained
            fit.history.stopped = INTERRUPTED
            ours = fit.callbacks if self.params.checkpoint_dir is not None else []
            last = [other.last for other in ours if isinstance(other, ModelCheckpoint) and other.last]
            hints = [f" With resume=True fit continues from {path}." for path in last]
            warn_the_caller(f"Training interrupted by user.{''.join(hints)}")
            return False
        return True

    def _by_lbfgs(self, network: Network, examples: Examples, held_out: Examples | None) -> Fit:
        """The training by L-BFGS: in float64 whatever the precision of the data is."""
        params = self.params
        refuse_what_is_of_batches(params)
        return Fit(
            self._session(network, network.parameters.astype(np.float64), by_all=True),
            _wide(examples),
            Plan(params.max_iter, 1.0),
            validation=None if held_out is None else _wide(held_out),
            callbacks=[*self._watchers(network, held_out), *self._shown],
            limits=Limits(params.max_fun, params.tol),
            resume=checkpoint_to_resume(params),
        )

    def _in_batches(
        self,
        network: Network,
        examples: Examples | StreamedExamples,
        held_out: Examples | None,
        *,
        early: bool,
    ) -> Fit:
        """The training with an update rule, and scikit-learn's rules of stopping and of rates."""
        params = self.params
        refit = self.epochs is not None
        watchers = self._watchers(network, held_out)
        size = self._batch_size(len(examples))
        session = self._session(network, network.parameters, size, by_all=True)
        plan = self._plan(network, session, len(examples), size)
        adaptive = [plan.learning_rate] if isinstance(plan.learning_rate, AdaptiveRate) else []
        patience = self._patience(adaptive, early=early)
        repeat = [] if self.epochs is None else [Repeat(self.epochs)]
        checkpoints = checkpoints_of(params, refit=refit)
        return Fit(
            session,
            examples,
            plan,
            validation=held_out,
            callbacks=[*watchers, *adaptive, patience, *repeat, *self._shown, *checkpoints],
            patience=patience,
            resume=checkpoint_to_resume(params, refit=refit),
        )

    def _watchers(self, network: Network, held_out: Examples | None) -> list[Callback]:
        """The judge of the validation data, then the user's callbacks, which find scores in the records."""
        callbacks = as_callbacks(self.params.callbacks or [])
        if held_out is None or self.params.scoring == COST:
            return callbacks
        return [*self.judges(copy(network), held_out), *callbacks]

    @property
    def _shown(self) -> list[Callback]:
        logged = as_progress(False, as_callbacks(self.params.callbacks or []))
        return [_Iterations(), *logged] if self.params.verbose else logged

    def _batch_size(self, examples: int) -> int:
        size = self.params.batch_size
        if isinstance(size, str):
            return min(DEFAULT_BATCH_SIZE, examples)
        if size > examples:
            warn_the_caller(
                f"batch_size {size} is larger than the {examples} examples; each epoch is one batch."
            )
        return min(int(size), examples)

    def _plan(self, network: Network, session: Session, examples: int, size: int) -> Plan:
        """Epochs, rates and batches of a training with an update rule."""
        params = self.params
        done = 0 if network.history is None else len(network.history)
        resumed = _resumed(session, self.earlier) if self.incremental else False
        rate: float | AdaptiveRate | InverseScaling = self.rate
        if params.solver != "adam" and params.learning_rate == "adaptive":
            adapted = self.earlier.adapted_rate if resumed else None
            rate = AdaptiveRate(self.rate if adapted is None else adapted)
        elif params.solver != "adam" and params.learning_rate == "invscaling":
            rate = InverseScaling(
                self.rate,
                power=params.power_t,
                examples=examples,
                first_epoch=done,
                seen=self.earlier.examples_seen,
                restart=not resumed,
            )
        full = not params.shuffle or size == examples
        plan = Plan(
            epochs=1 if self.incremental else params.max_iter,
            learning_rate=rate,
            batch_size=size,
            order=as_they_are if full else shuffled(network.seed),
            first_epoch=done,
            time_budget=params.time_budget,
            **schedules_of(params),
        )
        if params.refit and params.early_stopping:
            refuse_unrepeatable_rates(plan)
        return plan

    def _patience(self, adaptive: list[AdaptiveRate], *, early: bool) -> EarlyStopping:
        """scikit-learn's rule by which training ends: by the cost, or by validation data."""
        params, earlier = self.params, self.earlier
        quantity = "cost"
        if early:
            quantity = "validation_cost" if params.scoring == COST else "validation_score"
        return EarlyStopping(
            quantity,
            tolerance=params.tol,
            epochs=params.n_iter_no_change,
            larger_is_better=quantity == "validation_score",
            keep_best=early,
            instead=lambda: any(rate.lower() for rate in adaptive) or self.epochs is not None,
            best=earlier.best.get(quantity),
            stalled=earlier.stalled,
        )

    def _session(
        self, network: Network, parameters: Parameters, examples: int | None = None, *, by_all: bool = False
    ) -> Session:
        """A session with the settings, from these parameters, for updates with so many examples.

        ``by_all``: Within a process group the one that all workers share.
        """
        params = self.params
        settings = settings_of(params, network.seed)
        slots = len(get_optimizer(settings.optimizer).state)
        check_memory_to_train(network.architecture, parameters.dtype, slots)
        refuse_idle(schedules_of(params), settings)
        return open_session(
            engine_of_training(params.engine) if by_all else params.engine,
            network.architecture,
            parameters,
            settings,
            statistics=network.statistics,
            examples=examples,
        )


class _Iterations(Callback):
    """Print the cost of each epoch on stdout, as scikit-learn does."""

    looks_at_the_network = False

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Print a line, with a second one for a score."""
        lines = [f"Iteration {record['epoch'] + 1}, loss = {record['cost']:.8f}"]
        if "validation_score" in record:
            lines.append(f"Validation score: {record['validation_score']:f}")
        sys.stdout.write("".join(f"{line}\n" for line in lines))


def _resumed(session: Session, earlier: Progress) -> bool:
    """Go on with the optimizer's state of an earlier session, where there is one of this kind."""
    now, state = session.state(), earlier.optimizer
    if state is None or state.step == 0 or set(state.slots) != set(now.slots):
        return False
    session.load(replace(now, slots=state.slots, step=state.step))  # the user may have changed θ
    return True


def _examples_seen(fit: Fit, *, ended: bool) -> int:
    """How many examples a training has seen; L-BFGS counts none."""
    if fit.limits is not None:
        return 0
    # a part of an epoch has its own number of examples
    seen = sum(record.get("examples", len(fit.examples)) for record in fit.history)
    position = fit.training.position
    if not ended and position.epoch == len(fit.history):  # within an epoch that has no record
        seen += int(position.sizes.sum())
    return seen


def _wide(examples: Examples) -> Examples:
    X, Y, weight = (
        None if array is None else array.astype(np.float64, copy=False)
        for array in (examples.X, examples.Y, examples.weight)
    )
    return Examples(X, np.asarray(Y), weight)
