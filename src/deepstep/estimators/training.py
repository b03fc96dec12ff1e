"""The training of one network: the parameters of an estimator become a `Fit`, with scikit-learn's rules."""

import sys
import warnings
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from numbers import Integral
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning

from deepstep.engines import Session, SessionState, open_session
from deepstep.equations import get_optimizer
from deepstep.errors import ConfigurationError, DivergenceError, warn_the_caller
from deepstep.estimators.inputs import FitContext
from deepstep.estimators.options import DEFAULTS
from deepstep.estimators.solvers import (
    AdaptiveRate,
    InverseScaling,
    checkpoint_to_resume,
    checkpoints_of,
    fit_to_resume,
    refuse_lonely_class,
    refuse_what_is_of_batches,
    refuse_without_use,
    schedules_of,
    settings_of,
)
from deepstep.inspection.findings.beginning import beginning_of, looks_to_record
from deepstep.model import Network
from deepstep.model.construction import FROM_DATA
from deepstep.model.fit import inputs_to_draw_from
from deepstep.model.options import refuse_idle
from deepstep.network import Parameters
from deepstep.network.memory import check_memory_to_train
from deepstep.preparation.batches import Examples, as_they_are, hold_out, shuffled, together
from deepstep.preparation.streams import StreamedExamples
from deepstep.training import Callback, History, ModelCheckpoint, Plan, Progress, Training
from deepstep.training.callbacks import as_callbacks
from deepstep.training.checkpoint import plain
from deepstep.training.fit import INTERRUPTED, Fit, refuse_rates_by_course
from deepstep.training.history import Record
from deepstep.training.interruption import blas_threads
from deepstep.training.lbfgs import Limits
from deepstep.training.plan import SCHEDULED
from deepstep.training.rate_finder import AUTO, RateSearch, find_rate
from deepstep.training.scoring import COST, EpochScoring
from deepstep.training.stopping import EarlyStopping, Repeat
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator
    from deepstep.estimators.ensemble import FoldPreprocessor

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

LOGISTIC = {"logistic": "sigmoid"}
"""scikit-learn's name of an activation that is not ours."""


@dataclass(frozen=True)
class WarmStartState:
    """What the next training continues from: optimizer, adaptive rate, epochs done, best values."""

    state: SessionState | None = None
    rate: float | None = None
    epochs: int = 0
    best: Mapping[str, float] = field(default_factory=dict)
    stalled: int = 0


@dataclass(frozen=True)
class FitResult:
    """The training of a network, with those that it went on from.

    ``stopping_history`` is that of the training that early stopping ended, before a refit; ``loss`` the last
    cost, ``epochs`` those of the last fit, ``examples_seen`` those of all. ``learning_rate`` is None for
    L-BFGS, and ``search`` None where no rate was searched for. ``held_out_score`` is the score of a member of
    an ensemble, accuracy or R², on the rows that its fold held out; None where there are none.
    """

    history: History = field(default_factory=History)
    stopping_history: History | None = None
    loss: float = np.nan
    epochs: int = 0
    examples_seen: int = 0
    best_loss: float | None = None
    best_validation_score: float | None = None
    learning_rate: float | None = None
    search: RateSearch | None = None
    held_out_score: float | None = None
    state: WarmStartState = field(default_factory=WarmStartState)

    @property
    def validated(self) -> History:
        """The history that has scores of validation data."""
        return self.stopping_history or self.history

    @property
    def best_epoch(self) -> int | None:
        """The epoch with the best score, from 1; None where early stopping kept none."""
        if self.best_validation_score is None:
            return None
        return int(np.nanargmax([_score(record) for record in self.validated])) + 1

    @property
    def validation_costs(self) -> list[float] | None:
        """The cost of validation data after each epoch, NaN where it was not computed; None without."""
        if not any("validation_cost" in record for record in self.validated):
            return None
        return [record.get("validation_cost", np.nan) for record in self.validated]

    @property
    def scores(self) -> list[float] | None:
        """The scores of validation data after each epoch, as `validation_costs`; None without."""
        return self.validation_costs and [_score(record) for record in self.validated]


def _score(record: Mapping[str, Any]) -> float:
    """The score of an epoch, which for scoring='loss' is minus the cost."""
    return float(record.get("validation_score", -record.get("validation_cost", np.nan)))


class _Reached(NamedTuple):
    """Where one training ended; ``result`` is of it alone, ``best_epochs`` what early stopping kept, or 0."""

    parameters: Parameters
    statistics: Mapping[str, Array]
    result: FitResult
    best_epochs: int = 0


@dataclass(frozen=True)
class NetworkFit:
    """One network to train: ``earlier`` is continued, ``epochs`` are those of a refit."""

    estimator: "DeepEstimator"
    params: SimpleNamespace
    preprocessor: "FoldPreprocessor"
    context: FitContext
    earlier: FitResult = field(default_factory=FitResult)
    rate: float = 0.0
    epochs: int | None = None
    loads_kernels: bool = False
    validated: frozenset[int] | None = None

    def new_network(self, sample: Examples, seed: int) -> Network:
        """The network before training, as ``initialization`` says."""
        params, start = self.params, self.params.initialization
        given, normalization = isinstance(start, Mapping), params.normalization
        sizes = params.hidden_layer_sizes
        hidden = (sizes,) if isinstance(sizes, Integral) else tuple(sizes)
        targets, preprocessor = self.estimator.targets_, self.preprocessor
        smoothing = getattr(params, "label_smoothing", None)
        settings = targets.head_settings(preprocessor.scale, smoothing, self.context.where)
        return Network(
            (sample.X.shape[1], *hidden, sample.Y.shape[1]),
            activation=_activations(params.activation),
            output=targets.head,
            output_settings=settings,
            normalization=normalization if isinstance(normalization, str) else [*normalization],
            input_scale=params.input_scale,
            shared_members=int(params.shared_members),
            features=params.features,
            seed=seed,
            dtype=sample.X.dtype,
            engine=params.engine,
            initialization="zeros" if given or self._begins_with_data else start,
            parameters=start if given else None,
        )

    def fitted_network(self, network: Network, sample: Examples) -> Network:
        """A copy of the fitted network to go on with; refused where the parameters ask for another one."""
        where, dtype = self.context.where, str(network.dtype)
        hint = "Use a new estimator" + ("." if self.context.incremental else ", or warm_start=False.")
        here = replace(self, params=SimpleNamespace(**{**vars(self.params), "initialization": "zeros"}))
        if here.new_network(sample, seed=0).architecture != network.architecture:
            expected = "hidden_layer_sizes, activation, normalization, loss and outputs as they were"
            raise ConfigurationError(where, expected, f"the fitted network is {network!r}", hint)
        if self.params.dtype not in ("auto", dtype):
            expected = f"dtype={dtype!r} or 'auto', as the fitted network has that precision"
            raise ConfigurationError(where, expected, f"got {self.params.dtype!r}", hint)
        network = copy(network)
        network.engine = self.params.engine
        return network

    @property
    def _begins_with_data(self) -> bool:
        """Whether a new network's parameters are drawn from the data."""
        start = self.params.initialization
        return not self.context.going_on and isinstance(start, str) and start == FROM_DATA

    def run(
        self, network: Network, examples: Examples | StreamedExamples, held_out: Examples | None
    ) -> FitResult:
        """Train the network, and where it is asked for once more on everything."""
        params, where, earlier = self.params, self.context.where, self.earlier
        in_batches = params.solver != "lbfgs"
        early = params.early_stopping and (in_batches or params.preset == "single")
        if not self.context.incremental:
            refuse_without_use(params, held_out is not None, where)
        learn, learned, validation = examples, examples, held_out
        if isinstance(learn, StreamedExamples):
            if not in_batches or params.refit:
                expected = "a solver that learns from batches, and no refit, where rows are streamed"
                got = "got refit=True" if params.refit else "got solver='lbfgs'"
                raise ConfigurationError(where, expected, got)
        elif early and held_out is None:
            strata = self.estimator.targets_.strata(learn.Y)
            if params.preset == "mlp" and strata is not None:
                refuse_lonely_class(strata, where)
            fraction = params.validation_fraction
            learn, held_out = hold_out(learn, strata, fraction=fraction, seed=network.seed, where=where)
        if self._begins_with_data:  # now that it is known which of them are learned from
            network.initialize_from_data(inputs_to_draw_from(learn.sample))
        if not isinstance(learn, StreamedExamples):
            learned, validation = self.estimator._with_class_weights(learn, held_out, where)
        first, rate, search, stopping = self, None, None, None
        if in_batches:
            rate, search = self._first_rate(network, learned.sample)
            first = replace(self, rate=rate)
        reached = first._train(network, learned, validation)
        interrupted = reached.result.history.stopped == INTERRUPTED
        if early and params.refit and held_out is not None and reached.best_epochs and not interrupted:
            both = self.estimator._with_class_weights(together(cast(Examples, learn), held_out), None, where)
            second = replace(first, epochs=reached.best_epochs)._train_again(network, reached, *both)
            if second is not None:
                reached, stopping = second, reached.result
        parameters, statistics, result, _ = reached
        history = earlier.history + result.history  # a shallow copy of the estimator keeps its own
        if params.preset == "single" and len(result.history):
            regularized = params.l1 > 0 or params.alpha > 0
            begun = beginning_of(learned, network.parameters, regularized=regularized)
            looks = looks_to_record(network.architecture, begun, parameters, len(result.history))
            result.history[-1].update({"layers": looks} if looks else {})
        network.parameters, network.statistics, network.history = parameters, dict(statistics), history
        best = (stopping or result).state.best
        best_loss, score = best.get("cost"), None
        if params.early_stopping:
            best_loss = best.get("validation_cost")
            score = best.get("validation_score", None if best_loss is None else -best_loss)
        return replace(
            result,
            history=history,
            stopping_history=None if stopping is None else stopping.history,
            examples_seen=earlier.examples_seen + result.examples_seen,
            best_loss=best_loss,
            best_validation_score=score,
            learning_rate=rate,
            search=search,
        )

    def _train_again(
        self, network: Network, validated: _Reached, examples: Examples, held_out: Examples | None
    ) -> _Reached | None:
        """Train on everything; None where it diverged or Ctrl-C ended it: the validated network is better."""
        reason = "was interrupted"
        try:
            reached = self._train(network, examples, held_out)
            if reached.result.history.stopped != INTERRUPTED:
                return reached
        except KeyboardInterrupt:  # before the first step
            pass
        except DivergenceError as error:
            reason = f"diverged in the refit ({error.got})"
        if reason == "was interrupted":
            validated.result.history.stopped = INTERRUPTED
        warn_the_caller(f"{self.context.where} {reason}: the network is kept as before the refit.")
        return None

    def _train(
        self, network: Network, examples: Examples | StreamedExamples, held_out: Examples | None
    ) -> _Reached:
        """Train once: until it converges or max_iter, if incremental for one epoch."""
        params, before, in_batches = self.params, self.earlier.state, self.params.solver != "lbfgs"
        early = held_out is not None and params.early_stopping and (in_batches or params.preset == "single")
        asked = self._asked(network, examples, held_out, early=early)
        ended = self._run(asked)
        history, patience, end = asked.history, asked.patience, asked.session.state()
        parameters, statistics, best = asked.session.parameters, end.statistics, dict(before.best)
        if early and patience is not None and len(history):
            parameters, statistics = network.parameters, network.statistics  # where it kept none
            if patience.best_parameters is not None:
                parameters, statistics = patience.best_parameters, patience.best_statistics
            if in_batches and (blind := patience.blind(history)):
                metric = "the estimator's own score" if params.scoring is None else plain(params.scoring)
                warn_the_caller(BLIND.format(blind=blind, metric=metric), UndefinedMetricWarning)
        limit = history.stopped if ended and not asked.converged else ""
        if in_batches:
            done = len(history) == params.max_iter and not self._ends_as_planned(patience)
            limit = f"{params.max_iter} epochs (max_iter) are done" if done else ""
        if limit:
            message = f"Training ended before it converged: {limit}. Raise max_iter or scale the inputs."
            warn_the_caller(message, ConvergenceWarning)
        if patience is not None and patience.best is not None:
            best[patience.quantity] = patience.best
        if not in_batches and len(history):
            best["cost"] = min(*(record["cost"] for record in history), best.get("cost", np.inf))
        end = replace(end, theta=end.theta[:0].copy())  # training continues from the network's parameters
        rate = asked.plan.learning_rate
        adapted = rate.rate if isinstance(rate, AdaptiveRate) else None
        # a part of an epoch has its own number of examples
        seen = sum(record.get("examples", len(examples)) for record in history) if in_batches else 0
        position = asked.training.position
        if not ended and position.epoch == len(history):  # within an epoch that has no record
            seen += int(position.sizes.sum())
        epochs, stalled = before.epochs + len(history), 0 if patience is None else patience.stalled
        state = WarmStartState(end if in_batches else None, adapted, epochs, best, stalled)
        result = FitResult(history, None, asked.cost, len(history), seen, state=state)
        best_epochs = asked.best_epochs if early else 0
        return _Reached(parameters.astype(network.dtype), statistics, result, best_epochs)

    def _ends_as_planned(self, patience: EarlyStopping | None) -> bool:
        """Whether the last epoch is no sign of a training that is too short."""
        params = self.params
        planned = self.context.incremental or self.epochs is not None or params.schedule is not None
        planned |= params.preset == "single" and params.n_iter_no_change == np.inf
        return planned or (patience is not None and patience.over)

    def _run(self, asked: Fit) -> bool:
        """Train; False where Ctrl-C ended it, of which the caller of fit is warned."""
        try:
            asked.run()
        except DivergenceError as error:
            if self.params.preset != "mlp":
                raise
            if not asked.best_epochs:
                error.also(NON_FINITE)
                raise
            # as in scikit-learn, early stopping ends at the best epoch
            asked.history.stopped = "diverged"
            nothing = dict.fromkeys(("cost", "validation_cost", "validation_score"), np.nan)
            final = asked.history[-1]
            asked.history.records.append({**final, **nothing, "epoch": final["epoch"] + 1})
            warn_the_caller(f"Training diverged, and the best epoch is kept. {error}", ConvergenceWarning)
        except KeyboardInterrupt:
            if not (len(asked.history) or asked.training.position.batch):
                raise  # nothing was trained
            asked.history.stopped = INTERRUPTED
            ours = asked.callbacks if self.params.checkpoint_dir is not None else []
            last = [one.last for one in ours if isinstance(one, ModelCheckpoint) and one.last is not None]
            kept = [f" With resume=True fit continues from {one}." for one in last]
            warn_the_caller(f"Training interrupted by user.{''.join(kept)}")
            return False
        return True

    def _asked(
        self,
        network: Network,
        examples: Examples | StreamedExamples,
        held_out: Examples | None,
        *,
        early: bool,
    ) -> Fit:
        """The training that the parameters ask for, with scikit-learn's rules of stopping and of rates."""
        params, where, again = self.params, self.context.where, self.epochs is not None
        watchers, adaptive = self._watchers(network, held_out), list[AdaptiveRate]()
        limits, patience = None, None
        if params.solver == "lbfgs":  # it asks for float64 whatever the precision of the data is
            refuse_what_is_of_batches(params, where)
            session = self._session(network, network.parameters.astype(np.float64))
            examples = _wide(cast(Examples, examples))
            held_out = None if held_out is None else _wide(held_out)
            plan = Plan(params.max_iter, 1.0, deterministic=params.deterministic)
            limits = Limits(params.max_fun, params.tol)
            patience = self._patience(early=True, tolerance=0.0) if early else None
        else:
            size = _batch_size(params, len(examples))
            session = self._session(network, network.parameters, None if self.loads_kernels else size)
            plan = self._plan(network, session, len(examples), size)
            adaptive = [plan.learning_rate] if isinstance(plan.learning_rate, AdaptiveRate) else []
            patience = self._patience(early=early, tolerance=params.tol, adaptive=adaptive)
        last = [*([] if patience is None else [patience]), *([Repeat(self.epochs)] if self.epochs else [])]
        last += [*self._progress, *checkpoints_of(params, refit=again)]
        return Fit(
            session,
            examples,
            plan,
            validation=held_out,
            validated=self.validated,
            callbacks=[*watchers, *adaptive, *last],
            patience=patience,
            limits=limits,
            resume=checkpoint_to_resume(params, where, refit=again),
            where=where,
        )

    def _plan(self, network: Network, session: Session, examples: int, size: int) -> Plan:
        """Epochs, rates and batches of a training with an update rule."""
        params, context, before = self.params, self.context, self.earlier.state
        resumed = _resumed(session, before) if context.incremental else False
        full = not params.shuffle or size == examples
        plan = Plan(
            epochs=1 if context.incremental else params.max_iter,
            learning_rate=self._learning_rate(examples, resumed),
            batch_size=size,
            order=as_they_are if full else shuffled(network.seed),
            first_epoch=before.epochs,
            time_budget=params.time_budget,
            deterministic=params.deterministic,
            **schedules_of(params, context.where),
        )
        if params.refit and params.early_stopping:
            refuse_rates_by_course(plan, context.where)
        return plan

    def _patience(
        self, *, early: bool, tolerance: float, adaptive: Iterable[AdaptiveRate] = ()
    ) -> EarlyStopping:
        """The rule by which training ends: scikit-learn's; with 'single' a tie is no improvement."""
        params, before = self.params, self.earlier.state
        single = params.preset == "single"
        of_validation = "validation_cost" if params.scoring == COST else "validation_score"
        quantity = of_validation if early else "cost"
        return EarlyStopping(
            quantity,
            tolerance=tolerance,
            epochs=params.n_iter_no_change - single,
            larger_is_better=quantity == "validation_score",
            keep_best=early,
            ties_count=not single,
            instead=lambda: any(one.lower() for one in adaptive) or self.epochs is not None,
            best=before.best.get(quantity),
            stalled=before.stalled,
        )

    def _session(self, network: Network, parameters: Parameters, examples: int | None = None) -> Session:
        """A session with the settings, from these parameters, for updates with so many examples."""
        params, where = self.params, self.context.where
        settings = settings_of(params, network.seed, where)
        kept = len(get_optimizer(settings.optimizer).state)
        check_memory_to_train(network.architecture, parameters.dtype, kept, where)
        refuse_idle({name: getattr(params, name) for name in SCHEDULED}, settings, where)
        return open_session(
            params.engine,
            network.architecture,
            parameters,
            settings,
            statistics=network.statistics,
            examples=examples,
            where=where,
        )

    def _first_rate(self, network: Network, learned: Examples) -> tuple[float, RateSearch | None]:
        """The learning rate that a fit begins with, and the search that found it, in the order of the fit."""
        params, earlier = self.params, self.earlier
        if params.learning_rate_init != AUTO:
            return float(params.learning_rate_init), None
        if self.context.going_on and earlier.search is not None and earlier.learning_rate is not None:
            return earlier.learning_rate, earlier.search
        with warnings.catch_warnings(action="ignore"):  # of damaged checkpoints: the training warns of them
            kept = fit_to_resume(params, self.context.where)
        if kept is not None:
            return float(kept.identity["learning_rate"]), None
        size = 200 if isinstance(params.batch_size, str) else int(params.batch_size)
        whole = size >= len(learned)
        with blas_threads(params.deterministic):
            search = find_rate(
                self._session(network, network.parameters),
                learned,
                batch_size=None if whole else size,
                order=as_they_are if whole or not params.shuffle else shuffled(network.seed),
                where=f"{self.context.where}, learning_rate_init='auto'",
            )
        if search.suggestion is not None:
            return search.suggestion, search
        instead = float(DEFAULTS["mlp"]["learning_rate_init"])
        warn_the_caller(
            f"learning_rate_init='auto' found no rate that lowers the cost; {instead:g} is taken."
        )
        return instead, search

    def _learning_rate(self, examples: int, resumed: bool) -> float | AdaptiveRate | InverseScaling:
        params, before = self.params, self.earlier.state
        if params.solver == "adam" or params.learning_rate == "constant":
            return self.rate
        if params.learning_rate == "adaptive":
            return AdaptiveRate(before.rate if resumed and before.rate is not None else self.rate)
        return InverseScaling(
            self.rate,
            power=params.power_t,
            examples=examples,
            first_epoch=before.epochs,
            seen=self.earlier.examples_seen,
            restart=not resumed,
        )

    def _watchers(self, network: Network, held_out: Examples | None) -> list[Callback]:
        """The judge of the validation data, then the user's callbacks, which find scores in the records."""
        params, where = self.params, self.context.where
        callbacks = as_callbacks(params.callbacks or [], where)
        if held_out is None or params.scoring == COST:
            return callbacks
        predicting, preprocessor = copy(network), self.preprocessor
        estimator, y = self.estimator._scored(
            predicting, self.earlier.history.engine, preprocessor, preprocessor.unscaled(held_out.Y)
        )
        judge = EpochScoring(params.scoring, estimator, predicting, held_out.X, y, held_out.weight, where)
        judge.try_out()
        return [judge, *callbacks]

    @property
    def _progress(self) -> list[Callback]:
        """The callback that shows the progress of each epoch, if that is asked for."""
        if not self.params.verbose:
            return []
        if self.params.preset == "mlp":
            return [_Iterations()]
        return [Progress(f"{self.estimator._label}{'' if self.epochs is None else ', all rows'}")]


class _Iterations(Callback):
    """Print the cost of each epoch on stdout, as scikit-learn does."""

    looks_at_the_network = False

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Print a line, with a second one for a score."""
        lines = [f"Iteration {record['epoch'] + 1}, loss = {record['cost']:.8f}"]
        if "validation_score" in record:
            lines.append(f"Validation score: {record['validation_score']:f}")
        sys.stdout.write("".join(f"{line}\n" for line in lines))


def _activations(activation: Any) -> Any:
    if isinstance(activation, str):
        return LOGISTIC.get(activation, activation)
    return [LOGISTIC.get(name, name) if isinstance(name, str) else name for name in activation]


def _resumed(session: Session, before: WarmStartState) -> bool:
    """Go on with the optimizer's state of an earlier session, where there is one of this kind."""
    now, state = session.state(), before.state
    if state is None or state.step == 0 or set(state.slots) != set(now.slots):
        return False
    session.load(replace(now, slots=state.slots, step=state.step))  # the user may have changed θ
    return True


def _batch_size(params: SimpleNamespace, examples: int) -> int:
    if isinstance(params.batch_size, str):
        return min(200, examples)
    if params.batch_size > examples:
        warn_the_caller(
            f"batch_size {params.batch_size} is larger than the {examples} examples; each epoch is one batch."
        )
    return min(int(params.batch_size), examples)


def _wide(examples: Examples) -> Examples:
    X, Y, weight = (
        None if one is None else one.astype(np.float64, copy=False)
        for one in (examples.X, examples.Y, examples.weight)
    )
    return Examples(X, np.asarray(Y), weight)
