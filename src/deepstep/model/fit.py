"""The training of a `Network`: its arguments checked, one training or two, and what they reached."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from deepstep.distributed import engine_of_training, refuse_drawn_seed
from deepstep.engines import ReferenceSession, Session, Settings
from deepstep.engines.choice import ON_CPU
from deepstep.equations import get_head, get_optimizer
from deepstep.errors import ConfigurationError, DivergenceError, ShapeError, spelled
from deepstep.inspection.faults import Fault, get_fault
from deepstep.inspection.findings.training import Beginning, beginning_of, looks_to_record
from deepstep.model.options import (
    Place,
    as_limits,
    as_patience,
    as_places,
    as_plan,
    as_progress,
    check_refit,
    refuse_beside_a_fault,
    refuse_idle,
    refuse_unknown,
)
from deepstep.network import Parameters
from deepstep.network.architecture import check_memory_to_train
from deepstep.network.border import check_several_classes, classes_in, weighed, weights_of_classes
from deepstep.preparation.batches import Examples, evenly_spread, hold_out, largest_batch, together
from deepstep.preparation.streams import StreamedExamples
from deepstep.training import Callback, History, Plan
from deepstep.training.callbacks import as_callbacks, no_steps_to_go_on_from
from deepstep.training.fit import Fit
from deepstep.training.plan import SCHEDULED, require
from deepstep.training.scoring import EpochScoring, judge_of
from deepstep.training.stopping import Repeat
from deepstep.types import Array, is_number

if TYPE_CHECKING:
    from deepstep.model.network import Network

MOST_EXAMPLES = 4096  # so many examples are looked at to draw parameters from data


OF_VALIDATION = ("patience", "monitor", "refit", "scoring", "metrics")
OF_THE_RUN = ("checkpoint", "resume", "progress", "callbacks", "fault")
"""Arguments of `Network.train` that are neither of the plan nor of the session."""


class Prepared(NamedTuple):
    """Inputs of a training, checked; the weights of the classes are in those of the examples already."""

    examples: Examples | StreamedExamples
    plan: Plan
    session: Session
    held_out: Examples | None
    everything: Callable[[], Examples | StreamedExamples]  # the data of a refit, with new weights
    start: Parameters  # where both trainings begin; what is held out has no say in it


def fit(network: "Network", X: Any, Y: Any, options: dict[str, Any]) -> History:
    """Train once, or twice with a refit; the options are the arguments of `Network.train`."""
    patience, monitor, refit, scoring, metrics = (options.pop(name) for name in OF_VALIDATION)
    checkpoint, resume, progress, callbacks, fault = (options.pop(name) for name in OF_THE_RUN)
    held_out = {name: options.pop(name) for name in ("validation", "validation_fraction")}
    limits = as_limits(options)
    if limits is not None and (checkpoint is not None or resume):
        raise no_steps_to_go_on_from()
    require(isinstance(refit, bool), "refit", "True or False", refit)
    if all(value is not None for value in held_out.values()):
        raise ConfigurationError("validation and validation_fraction cannot be given together")
    engine = engine_of_training(network.engine)
    if network._seed_is_drawn:
        refuse_drawn_seed("seed")
    mistake = None
    if fault is not None:
        mistake, by_lbfgs = get_fault(fault), limits is not None
        refuse_beside_a_fault(engine, lbfgs=by_lbfgs, checkpoint=checkpoint, resume=resume, refit=refit)
    first, second = as_places(checkpoint, resume, refit)
    resumed = first.begin_at or second.begin_at  # a short first training leaves no checkpoint
    goes_on = resumed is not None and network._seed_is_drawn
    seed = resumed.seed if resumed is not None and goes_on else network.seed
    prepared = prepare(network, X, Y, options, seed=seed, engine=engine, mistake=mistake, **held_out)
    judges = [] if scoring is None else [_judge(network, scoring, prepared.held_out)]
    stopping = as_patience(patience, monitor, prepared.held_out, scored=bool(judges))
    user_callbacks = as_callbacks(callbacks)
    shown = as_progress(progress, user_callbacks)
    if refit:
        check_refit(stopping, prepared.held_out, prepared.plan, user_callbacks)
    # when another network's training resumes, θ at its beginning is not known
    beginning = None if goes_on else _beginning(prepared)

    def run(place: Place, callbacks: Sequence[Callback], **inputs: Any) -> Fit:
        training = Fit(
            plan=prepared.plan,
            callbacks=[*callbacks, *place.checkpoints, *shown],
            resume=place.begin_at,
            limits=limits,
            **inputs,
        )
        _run(network, training, seed, beginning)
        return training

    training = run(
        first,
        [*judges, *user_callbacks, *([] if stopping is None else [stopping])],
        session=prepared.session,
        examples=prepared.examples,
        validation=prepared.held_out,
        metrics=metrics or {},
        patience=stopping,
    )
    if stopping is not None and (blind := stopping.blind(training.history)):
        warnings.warn(
            f"{blind}. Early stopping found no best epoch; the final parameters are kept.",
            stacklevel=3,
        )
    if not (refit and training.best_epochs):
        _take(network, training, seed, beginning)
        return training.history
    everything = prepared.everything()
    size = largest_batch(len(everything), prepared.plan.batch_size)
    session = network._session(prepared.session.settings, prepared.start, engine, examples=size)
    repeat = Repeat(training.best_epochs)
    again = run(second, [*user_callbacks, repeat], session=session, examples=everything)
    _take(network, again, seed, beginning)
    network.stopping_history = training.history
    return again.history


def _beginning(prepared: Prepared) -> Beginning:
    """Some examples and θ before the first update, for findings."""
    settings = prepared.session.settings
    regularized = settings.l1 > 0 or settings.l2 > 0
    return beginning_of(prepared.examples, prepared.start, regularized=regularized)


def prepare(
    network: "Network",
    X: Any,
    Y: Any,
    options: dict[str, Any],
    *,
    seed: int | None = None,
    engine: str = "",
    validation: Any = None,
    validation_fraction: float | None = None,
    looked_at: bool = False,
    mistake: Fault | None = None,
) -> Prepared:
    """Check all inputs of a training before the first step; steps ``looked_at`` are the equations' own."""
    streamed = X if getattr(X, "streamed", False) else None
    sample_weight = options.pop("sample_weight", None)
    if streamed is None:
        X, Y = network._check(X, Y)
        check_several_classes(Y, get_head(network.architecture))
    seed = network.seed if seed is None else seed
    schedules = {name: options.get(name) for name in SCHEDULED}
    plan = as_plan(options, seed)
    if streamed is not None:
        _check_streamed(network, streamed, plan, Y, sample_weight, options, validation_fraction)
    m = X.shape[1] if streamed is None else len(streamed)
    if "batch" in network.architecture.normalization and 1 in (plan.batch_size, m):
        raise ConfigurationError(
            "Batch normalization makes all inputs 0 in batches of one example",
            "Use a larger batch_size, or normalization='layer'.",
        )
    optimizer = get_optimizer(options.get("optimizer", "gd"))
    check_memory_to_train(network.architecture, network.dtype, len(optimizer.state))
    options["optimizer_params"] = options.get("optimizer_params") or {}
    class_weight = options.pop("class_weight", None)
    refuse_unknown(options, type(network).train)
    settings = Settings.of(**{"seed": seed, **options})
    refuse_idle(schedules, settings)
    held_out = None
    if validation is not None:
        names = {name: f"validation {name}" for name in ("X", "Y", "sample_weight")}
        with spelled(lambda name: names.get(name, "")):
            held_out = _held_out(network, validation)
    examples: Examples | StreamedExamples
    everything: Callable[[], Examples | StreamedExamples]
    if streamed is not None:
        if mistake is not None:
            raise ConfigurationError("fault needs examples in memory, and these are streamed")
        examples, sample, everything = streamed, streamed.sample, lambda: streamed
    else:
        # a view for full batches, rows that lie together where batches are gathered
        gathered = plan.batch_size is not None
        rows, targets = (np.ascontiguousarray(p.T) if gathered else p.T for p in (X, Y))
        learn = Examples(rows, targets, network._weight(sample_weight, m))
        if validation_fraction is not None:
            learn, held_out = _split(network, learn, validation_fraction, seed)
        parts = [part for part in (learn, held_out) if part is not None]
        in_weights = partial(_in_weights, network, class_weight)
        sample, held_out = in_weights(learn, held_out)
        examples, everything = sample, lambda: in_weights(reduce(together, parts), None)[0]
    start = network.parameters
    if start is network._waiting:
        start = network._from_data(inputs_to_draw_from(sample))
    engine = engine or network.engine
    opened = looked_at and engine in ("auto", ON_CPU) and settings.precision is None and streamed is None
    engine = "reference" if opened or mistake is not None else engine
    session = network._session(settings, start, engine, examples=largest_batch(m, plan.batch_size))
    if mistake is not None:
        cast(ReferenceSession, session).mistake = mistake
    return Prepared(examples, plan, session, held_out, everything, start)


def _check_streamed(
    network: "Network",
    streamed: StreamedExamples,
    plan: Plan,
    Y: Any,
    sample_weight: Any,
    options: Mapping[str, Any],
    validation_fraction: float | None,
) -> None:
    """Refuse examples in files that are not this network's, and what belongs to them and not here."""
    arguments = {
        "Y": Y,
        "sample_weight": sample_weight,
        "class_weight": options.get("class_weight"),
        "validation_fraction": validation_fraction,
    }
    besides = [name for name, value in arguments.items() if value is not None]
    if besides:
        raise ConfigurationError(
            f"{', '.join(besides)} cannot be given beside streamed examples, which have that themselves"
        )
    if plan.batch_size is None:
        raise ConfigurationError.must_be("batch_size", "a number where examples are streamed", "None")
    sample, shape = streamed.sample, network.architecture
    n_inputs, n_outputs, dtype = sample.X.shape[1], sample.Y.shape[1], sample.X.dtype
    if (n_inputs, n_outputs, dtype) != (shape.n_inputs, shape.n_outputs, network.dtype):
        raise ShapeError(
            f"The streamed examples have {n_inputs} inputs and {n_outputs} outputs in {dtype}, and the "
            f"network {shape.n_inputs} and {shape.n_outputs} in {network.dtype}"
        )


def _split(network: "Network", examples: Examples, fraction: Any, seed: int) -> tuple[Examples, Examples]:
    """The examples to learn from, and those held out for validation, stratified by class."""
    fits = is_number(fraction) and 0 < fraction < 1
    require(fits, "validation_fraction", "a number above 0 and below 1", fraction)
    classes = classes_in(network.architecture, examples.Y.T).alone
    return hold_out(examples, classes, fraction=fraction, seed=seed)


def _in_weights(
    network: "Network", class_weight: Any, learn: Examples, held_out: Examples | None
) -> tuple[Examples, Examples | None]:
    """Both with the weights of the classes, which those that are learned from decide."""
    shape = network.architecture
    class_weights = weights_of_classes(class_weight, shape, learn)
    learn = weighed(class_weights, shape, learn)
    if held_out is not None:
        held_out = weighed(class_weights, shape, held_out)
    return learn, held_out


def _held_out(network: "Network", validation: Any) -> Examples:
    if not isinstance(validation, Sequence) or len(validation) not in (2, 3):
        expected = "(X, Y) or (X, Y, sample_weight)"
        raise ConfigurationError.must_be("validation", expected, type(validation).__name__)
    X, Y = network._check(validation[0], validation[1])
    weight = network._weight(validation[2] if len(validation) == 3 else None, X.shape[1])
    return Examples(X.T, Y.T, weight)


def _judge(network: "Network", scoring: Any, held_out: Examples | None) -> EpochScoring:
    if held_out is None:
        problem = f"scoring={scoring!r:.60} needs validation data"
        raise ConfigurationError(problem, "Pass validation=(X, Y), or validation_fraction=0.1.")
    return judge_of(network, scoring, held_out, classes_in(network.architecture, held_out.Y.T))


def _run(network: "Network", training: Fit, seed: int, beginning: Beginning | None) -> None:
    """One training; where it is ended by Ctrl-C, or somebody's callback, what was reached is kept."""
    session, history, resumed = training.session, training.history, training.resume
    begun = (0, 0) if resumed is None else (resumed.state.step, len(resumed.records))
    try:
        training.run()
    except DivergenceError as error:
        # the error itself would keep the examples alive, by its traceback
        diverged = {
            "problem": error.problem,
            "hint": error.hint,
            "layer": error.layer,
            "step": error.step,
            "history": error.history,
        }
        network.beginning = None if beginning is None else beginning._replace(diverged=diverged)
        raise
    except BaseException as error:
        if (session.state().step, len(history)) == begun:
            raise
        history.stopped = history.stopped or f"ended by {type(error).__name__}"
        _take(network, training, seed, beginning, best=False)
        raise


def _take(
    network: "Network", training: Fit, seed: int, beginning: Beginning | None, *, best: bool = True
) -> None:
    """Give the network the parameters that training reached, or the best that patience kept."""
    session, patience = training.session, training.patience if best else None
    network.parameters, network.statistics = session.parameters, dict(session.state().statistics)
    network.history, network.stopping_history = training.history, None
    network.seed = seed
    network.beginning = beginning
    network.best_epochs = None
    if patience is not None:
        network.best_epochs = training.best_epochs
        if patience.best_parameters is not None:
            network.parameters = patience.best_parameters.copy()
            network.statistics = dict(patience.best_statistics)
    if beginning is not None and len(training.history):
        looks = looks_to_record(network.architecture, beginning, network.parameters, len(training.history))
        training.history[-1].update({"layers": looks} if looks else {})


def inputs_to_draw_from(examples: Examples) -> Array:
    """The inputs (n_x, k), at most 4096 of them and evenly spread, that parameters are drawn from."""
    return examples.take(evenly_spread(len(examples), MOST_EXAMPLES))[0]
