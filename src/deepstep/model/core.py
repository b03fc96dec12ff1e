"""What the parts of `Network` share: its attributes, and its arguments checked."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from typing import Any, NamedTuple, cast

import numpy as np

from deepstep.engines import ReferenceSession, Session, Settings, check_engine, first_statistics, open_session
from deepstep.equations import (
    INITIALIZATIONS,
    get_head,
    get_optimizer,
    initialize_from_data,
)
from deepstep.equations.initialization import drawn
from deepstep.equations.parameters import layer_sizes
from deepstep.errors import ConfigurationError, DataError, ShapeError, unknown_name
from deepstep.inspection.faults import Fault
from deepstep.model.classes import classes_in, weighed, weights_of_classes
from deepstep.model.construction import (
    check_fit,
    finite_parameters,
    float_dtype,
    fresh_seed,
    generator,
    hidden_names,
    order_seed,
    with_starts,
)
from deepstep.model.options import (
    SCHEDULED,
    as_plan,
    refuse_idle,
)
from deepstep.network import Architecture, Parameters, as_parameters
from deepstep.network.border import check_inputs, check_several_classes, check_targets, check_weights
from deepstep.network.memory import check_memory, check_memory_to_train
from deepstep.preparation.batches import Examples, evenly_spread
from deepstep.preparation.streams import StreamedExamples
from deepstep.preparation.validation_part import hold_out, together
from deepstep.training import History, Plan
from deepstep.training.rows import forward_rows
from deepstep.types import Array, is_number

FROM_DATA = "data"
"""The initialization that waits for the data of the first training."""

INITIALIZATION_NAMES = (*INITIALIZATIONS, FROM_DATA)
"""What `Network` can begin with."""

WORTH_A_KERNEL = 10**9
"""Multiplications from which a forward pass is worth loading kernels: hundredths of a second in NumPy."""

MOST_EXAMPLES = 4096
"""So many examples are looked at to draw parameters from data."""


class Prepared(NamedTuple):
    """What a training needs, checked; the weights of the classes are in those of the examples already.

    ``everything`` gives what a refit learns from, weighed anew; ``start`` is where both trainings begin.
    """

    examples: Examples | StreamedExamples
    plan: Plan
    session: Session
    held_out: Examples | None
    everything: Callable[[], Examples | StreamedExamples]
    start: Parameters

    def in_memory(self, where: str) -> Examples:
        """The examples, where they are not streamed.

        Raises
        ------
        ConfigurationError
            If they are.
        """
        if isinstance(self.examples, StreamedExamples):
            raise ConfigurationError(
                where, "examples in memory", "got streamed ones", "Pass their sample's X.T and Y.T."
            )
        return self.examples


class Core:
    """What a network is made of; `Network` has its parts in one."""

    architecture: Architecture
    parameters: Parameters
    statistics: dict[str, Array]
    seed: int
    _seed_is_drawn: bool
    _waiting: Parameters | None
    """Parameters that stand there until the first training has data to draw others from."""
    engine: str
    history: History | None
    stopping_history: History | None = None
    best_epochs: int | None = None

    def __init__(
        self,
        layer_dims: Sequence[int] | None = None,
        *,
        activation: str | Sequence[str] = "relu",
        output: str = "sigmoid",
        output_settings: Mapping[str, Any] | None = None,
        normalization: str | Sequence[str] = "none",
        input_scale: bool = False,
        parametric: bool | Sequence[bool] = False,
        shared_members: int = 0,
        features: Mapping[str, Any] | None = None,
        initialization: str = "he",
        seed: int | np.random.Generator | np.random.RandomState | None = None,
        parameters: Mapping[str, Any] | None = None,
        dtype: Any = "float64",
        engine: str = "auto",
    ) -> None:
        laid_out = parameters is None or isinstance(parameters, Parameters) or not features
        given = None
        if layer_dims is None:
            if parameters is not None and laid_out:
                given = as_parameters(parameters, "Network")
            if given is None:
                raise ConfigurationError(
                    "Network", "layer sizes or parameters", "got neither", "For example Network([2, 4, 1])."
                )
            layer_dims = given.layer_dims
        sizes = layer_sizes(layer_dims, "Network")
        if not isinstance(output_settings, Mapping | None):
            raise ConfigurationError(
                "Network", "output_settings is a mapping such as {'delta': 1.5}", f"got {output_settings!r}"
            )
        head = get_head(output, "Network").with_settings("Network", **(output_settings or {}))
        self.architecture = Architecture(
            sizes,
            (*hidden_names(activation, len(sizes) - 2), head.activation),
            output=head.name,
            output_settings={name: head.settings[name] for name in output_settings or {}},
            normalization=normalization,  # type: ignore[arg-type]  # a name is spread over the layers
            input_scale=input_scale,
            parametric=parametric,  # type: ignore[arg-type]  # likewise
            shared_members=shared_members,
            features=features or {},
        )
        get_head(self.architecture, "Network")  # it has as many outputs as its settings are for
        if not isinstance(initialization, str) or initialization not in INITIALIZATION_NAMES:
            raise unknown_name("Network", "initialization", initialization, INITIALIZATION_NAMES)
        if initialization == FROM_DATA:
            self._refuse_to_draw_from_data("Network")
        if given is None and parameters is not None:
            lay_out = as_parameters if laid_out else self.architecture.laid_out
            given = lay_out(parameters, "Network")
        waits = initialization == FROM_DATA and given is None
        if given is not None:
            check_fit(given, self.architecture)
        self._seed_is_drawn = seed is None
        seed = fresh_seed() if seed is None else seed
        rng = generator(seed)
        if given is None:
            # drawn in float64, then laid out and copied in the network's own precision
            check_memory(self.architecture, 8 + 2 * float_dtype(dtype).itemsize, "to make", "Network")
            draw = INITIALIZATIONS["he" if waits else initialization]
            given = self.architecture.lay_out(drawn(self.architecture.graph, draw, rng))
        self.seed = order_seed(seed, rng)
        self.parameters = finite_parameters(given, float_dtype(dtype))
        self._waiting = self.parameters if waits else None
        self.statistics = first_statistics(self.architecture, self.dtype)
        self.engine = engine
        check_engine(engine, "Network")  # here and not after the data was read
        self.history = None

    def _session(
        self,
        where: str,
        settings: Settings | None = None,
        parameters: Parameters | None = None,
        engine: str = "",
    ) -> Session:
        return open_session(
            engine or self.engine,
            self.architecture,
            self.parameters if parameters is None else parameters,
            settings,
            statistics=self.statistics,
            where=where,
        )

    def _answering(self, where: str, m: int) -> Session:
        """A session that answers for m examples: the equations, if a kernel is not worth it."""
        small = self.engine == "auto" and self.architecture.n_parameters * m < WORTH_A_KERNEL
        return self._session(where, engine="reference" if small else self.engine)

    def _refuse_to_draw_from_data(self, where: str) -> None:
        """Refuse features between the inputs and W1, and members that share it."""
        shape = self.architecture
        besides = [*shape.features, *(["shared_members"] if shape.shared_members else [])]
        if besides:
            expected = "parameters drawn from data are of a network without shared members and embeddings"
            raise ConfigurationError(where, expected, f"got {', '.join(besides)}", "Use initialization='he'.")

    def _from_data(self, X: Array) -> Parameters:
        """Parameters with which each pre-activation has variance 1 over these inputs."""
        shape, rng = self.architecture, np.random.RandomState(self.seed)
        found = initialize_from_data(X, shape.layer_dims, activations=shape.activations, rng=rng)
        return finite_parameters(with_starts(found, shape), self.dtype)

    def _prepare(
        self,
        X: Any,
        Y: Any,
        sample_weight: Any,
        options: dict[str, Any],
        where: str,
        *,
        seed: int | None = None,
        validation: Any = None,
        validation_fraction: float | None = None,
        looked_at: bool = False,
        mistake: Fault | None = None,
    ) -> Prepared:
        """What a training needs, all of it checked before the first step.

        What is held out has no say in the parameters that training begins with. Steps that are ``looked_at``
        are the equations' own, to the last bit, unless an engine was asked for.
        """
        streamed = X if isinstance(X, StreamedExamples) else None
        if streamed is None:
            X, Y = self._check(X, Y, where)
            check_several_classes(Y, get_head(self.architecture), where)
        seed = self.seed if seed is None else seed
        schedules = {name: options.get(name) for name in SCHEDULED}
        plan = as_plan(options, seed, where)
        if streamed is not None:
            self._check_streamed(streamed, plan, Y, sample_weight, options, validation_fraction, where)
        m = X.shape[1] if streamed is None else len(streamed)
        if "batch" in self.architecture.normalization and 1 in (plan.batch_size, m):
            raise ConfigurationError(
                where,
                "at least two examples in a batch for batch normalization",
                "got batches of one, whose normalized inputs are all 0",
                "Use a larger batch_size, or normalization='layer'.",
            )
        optimizer = get_optimizer(options.get("optimizer", "gd"), where)
        check_memory_to_train(self.architecture, self.dtype, len(optimizer.state), where)
        options["hyperparameters"] = options.get("hyperparameters") or {}
        class_weight = options.pop("class_weight", None)
        settings = Settings.of(where, **{"seed": seed, **options})
        refuse_idle(schedules, settings, where)
        if streamed is not None and mistake is not None:
            raise ConfigurationError(where, "examples in memory beside fault", "got streamed ones")
        if streamed is not None:
            held_out = None if validation is None else self._held_out(validation, f"{where}, validation")
            start = self.parameters
            if start is self._waiting:
                start = self._from_data(inputs_to_draw_from(streamed.sample))
            session = self._session(where, settings, start)
            return Prepared(streamed, plan, session, held_out, lambda: streamed, start)
        weight = self._weight(sample_weight, X.shape[1], where)
        examples, held_out = _examples(X, Y, weight, plan), None
        if validation_fraction is not None:
            examples, held_out = self._part(examples, validation_fraction, seed, where)
        elif validation is not None:
            held_out = self._held_out(validation, f"{where}, validation")
        parts = [part for part in (examples, held_out) if part is not None]
        in_weights = partial(self._in_weights, class_weight, where=where)
        examples, held_out = in_weights(examples, held_out)
        start = self.parameters
        if start is self._waiting:
            start = self._from_data(inputs_to_draw_from(examples))
        opened = looked_at and self.engine == "auto" and settings.precision is None
        engine = "reference" if opened or mistake is not None else self.engine
        session = self._session(where, settings, start, engine)
        if mistake is not None:
            cast(ReferenceSession, session).mistake = mistake
        everything = lambda: in_weights(reduce(together, parts), None)[0]  # noqa: E731
        return Prepared(examples, plan, session, held_out, everything, start)

    def _check_streamed(
        self,
        streamed: StreamedExamples,
        plan: Plan,
        Y: Any,
        sample_weight: Any,
        options: Mapping[str, Any],
        validation_fraction: float | None,
        where: str,
    ) -> None:
        """Refuse examples in files that are not this network's, and what belongs to them and not here."""
        given = {
            "Y": Y,
            "sample_weight": sample_weight,
            "class_weight": options.get("class_weight"),
            "validation_fraction": validation_fraction,
        }
        both = [name for name, value in given.items() if value is not None]
        if both:
            raise ConfigurationError(
                where, "streamed examples, which have that themselves", f"got {', '.join(both)} besides"
            )
        if plan.batch_size is None:
            raise ConfigurationError(where, "batch_size, where examples are streamed", "got None")
        sample, shape = streamed.sample, self.architecture
        came = (sample.X.shape[1], sample.Y.shape[1], sample.X.dtype)
        if came != (shape.n_inputs, shape.n_outputs, self.dtype):
            raise ShapeError(
                where,
                f"examples of {shape.n_inputs} inputs and {shape.n_outputs} outputs in {self.dtype}",
                f"the streamed ones have {came[0]} and {came[1]} in {came[2]}",
            )

    def _in_weights(
        self, class_weight: Any, learn: Examples, held_out: Examples | None, where: str
    ) -> tuple[Examples, Examples | None]:
        """Both with the weights of the classes, which those that are learned from decide."""
        shape = self.architecture
        of_classes = weights_of_classes(class_weight, shape, learn, where)
        learn = weighed(of_classes, shape, learn, where)
        if held_out is not None:
            held_out = weighed(of_classes, shape, held_out, f"{where}, validation")
        return learn, held_out

    def _part(self, examples: Examples, fraction: Any, seed: int, where: str) -> tuple[Examples, Examples]:
        """The examples to learn from, and a part of them to validate on."""
        if not (is_number(fraction) and 0 < fraction < 1):
            raise ConfigurationError(
                where, "validation_fraction is a number above 0 and below 1", f"got {fraction!r}"
            )
        classes = classes_in(self.architecture, examples.Y.T).alone
        return hold_out(examples, classes, fraction=fraction, seed=seed, where=where)

    def _weight(self, sample_weight: Any, m: int, where: str) -> Array | None:
        return None if sample_weight is None else check_weights(sample_weight, m, where, dtype=self.dtype)

    def _forward(self, X: Any, where: str) -> Array:
        X = check_inputs(X, self.architecture.n_inputs, where, dtype=self.dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused below
            session = self._answering(where, X.shape[1])
            AL = forward_rows(session.forward, X.T, self.architecture.held_dims).T
        finite = np.isfinite(AL)
        if not finite.all():
            raise DataError(
                where,
                f"outputs are finite numbers of {AL.dtype}",
                f"got {AL[~finite][0]}",
                "The inputs are too large for these parameters: scale them as in training.",
            )
        return AL

    def _check(self, X: Any, Y: Any, where: str) -> tuple[Array, Array]:
        n_inputs, n_outputs = self.architecture.n_inputs, self.architecture.n_outputs
        X = check_inputs(X, n_inputs, where, dtype=self.dtype)
        Y = check_targets(Y, n_outputs, X.shape[1], get_head(self.architecture), where, dtype=self.dtype)
        return X, Y

    def _held_out(self, validation: Any, where: str) -> Examples:
        if not isinstance(validation, Sequence) or len(validation) not in (2, 3):
            raise ConfigurationError(
                where, "(X, Y) or (X, Y, sample_weight)", f"got {type(validation).__name__}"
            )
        X, Y = self._check(validation[0], validation[1], where)
        weight = self._weight(validation[2] if len(validation) == 3 else None, X.shape[1], where)
        return Examples(X.T, Y.T, weight)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64 or float32."""
        return self.parameters.dtype


def inputs_to_draw_from(examples: Examples) -> Array:
    """The inputs (n_x, k), at most 4096 of them and evenly spread, that parameters are drawn from."""
    return examples.take(evenly_spread(len(examples), MOST_EXAMPLES))[0]


def _examples(X: Array, Y: Array, weight: Array | None, plan: Plan) -> Examples:
    """Columns turned to rows: a view for full batches, rows that lie together where batches are gathered."""
    if plan.batch_size is None:
        return Examples(X.T, Y.T, weight)
    return Examples(np.ascontiguousarray(X.T), np.ascontiguousarray(Y.T), weight)
