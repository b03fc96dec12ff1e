"""`Network`: the easy-to-use class over the stages. Columns are examples."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from deepstep import archive
from deepstep.data.text_formats import html_table
from deepstep.engines import Mistake, Session, Settings, check_engine, first_statistics, open_session
from deepstep.engines.choice import ON_CPU, missing_torch
from deepstep.environment import slow_training
from deepstep.equations import (
    INITIALIZATIONS,
    answers,
    get_head,
    gradient_norms,
    initialize_from_data,
    output_gradient,
    probabilities,
)
from deepstep.equations.initialization import drawn
from deepstep.equations.model import gradients_of
from deepstep.equations.ops import backward
from deepstep.equations.parameters import layer_sizes
from deepstep.errors import ConfigurationError, DataError, FileError, SpeedWarning, unknown_name
from deepstep.inspection import Beginning, GradientReport, Trace, check_gradients
from deepstep.inspection.faults import get_fault
from deepstep.inspection.metrics import LAYERS, layer_names, layer_rows, text_table
from deepstep.inspection.trace_step import Step, trace_step
from deepstep.model.construction import (
    FROM_DATA,
    INITIALIZATION_NAMES,
    check_arrays,
    check_finite,
    check_fit,
    finite_parameters,
    float_dtype,
    from_sklearn,
    generator,
    hidden_names,
    order_seed,
)
from deepstep.model.fit import fit, prepare
from deepstep.model.options import LBFGS, checkpoint_at, refuse_beside_a_fault, refuse_unknown
from deepstep.network import Architecture, Parameters, as_parameters
from deepstep.network.architecture import Model, check_memory
from deepstep.network.border import check_inputs, check_targets, check_weights
from deepstep.preparation.batches import Examples, Order
from deepstep.training import History, ModelCheckpoint, Update, updates
from deepstep.training.history import check_records
from deepstep.training.interruption import blas_threads
from deepstep.training.plan import check_learning_rate, require
from deepstep.training.rate_finder import RateSearch, find_rate
from deepstep.training.rows import cost_of_rows, forward_rows, parts
from deepstep.training.scoring import Metric
from deepstep.types import AnyArray, Array, is_whole

if TYPE_CHECKING:
    from torch import nn

WORTH_A_KERNEL = 10**9
"""Multiplications from which a forward pass is worth loading kernels: hundredths of a second in NumPy."""


class Network:
    """A deep fully-connected network with every step open.

    Columns are examples: X is (n_0, m), and Y (n_L, m) is what `train` says for each output.

    Parameters
    ----------
    layer_dims : sequence of int, optional
        n_0 (inputs), n_1, …, n_L (outputs). May be left out if ``parameters`` are given.
    activation : str or sequence of str, optional
        Activation of the hidden layers: one for all, or one per hidden layer.
    output : str, optional
        The head, which decides what the output means and which loss trains it, a name in
        ``deepstep.equations.HEADS``: "sigmoid" (yes/no outputs, cross-entropy), "softmax" (one class among
        n_L), "identity" (numbers, half the squared error), "absolute_error", "huber", "poisson" (counts),
        "quantile" (several quantiles that never cross), "ordinal" (classes in an order).
    output_settings : mapping, optional
        Settings of the head in JSON's types: ``{"smoothing": 0.1}``, ``{"levels": [0.1, 0.9]}``.
    normalization : str or sequence of str, optional
        ``"none"``, ``"batch"`` or ``"layer"``, one for all hidden layers or one for each. A normalized layer
        has a scale gamma (n_l, 1), and its b is the shift.
    input_scale : bool, optional
        Whether each input has a factor s1 (n_0, 1) that is learned, with ``lr_multipliers={"s1": 6}`` faster;
        see `deepstep.equations.scaled_weights`.
    features : mapping, optional
        Others by their name in ``deepstep.equations.FEATURES``: ``{"periodic_embedding": True}``.
    initialization : str, optional
        How the initial weights are drawn, a name in ``deepstep.equations.INITIALIZATIONS``; or "data": by the
        first training, so that each pre-activation has variance 1 over (at most 4096 of) its examples. Until
        then they are those of "he".
    seed : int or Generator or RandomState, optional
        An int seeds a `numpy.random.RandomState`, whose stream is frozen, so the lecture's published values
        come out; with None a seed is drawn and kept in ``network.seed``.
    parameters : mapping, optional
        Initial parameters W1, b1, … and those of features; they are copied.
    dtype : str, optional
        "float64" or "float32".
    engine : str, optional
        Runs the training: "auto", "auto:cpu" (never a GPU), "reference", "compiled", "torch", "torch:cpu",
        "torch:cuda" or "torch:mps".

    Attributes
    ----------
    architecture : Architecture
    parameters : Parameters
        θ now; named views over one flat vector.
    statistics : dict
        Running statistics of batch normalization, "mean1", "variance1", … (n_l, 1); empty without.
    history : History
        Of the last training; None before.
    best_epochs : int
        How many epochs it took to the parameters that patience kept, 0 where it kept none; None without.
    stopping_history : History
        After ``refit``: that of the training that counted the epochs; else None.
    beginning : Beginning
        Of the last training: some of its examples and θ before it, for `deepstep.diagnose`. None before, and
        not saved.
    seed : int
        Seed of the order of mini-batches. Where an int was given, or None, it is that of the initial values
        too; a generator's is drawn from it after the initial values, which it does not make again.

    Raises
    ------
    ConfigurationError, ShapeError
        If the settings do not fit together.
    DataError
        If ``parameters`` are not finite numbers of this dtype.

    Examples
    --------
    >>> X = [[0, 0, 1, 1], [0, 1, 0, 1]]
    >>> Y = [[0, 1, 1, 0]]  # the exclusive or
    >>> net = Network([2, 4, 1], activation="tanh", seed=1)
    >>> history = net.train(X, Y, learning_rate=0.5, iterations=2000)
    >>> net.predict(X)
    array([[0, 1, 1, 0]])
    """

    architecture: Architecture
    parameters: Parameters
    statistics: dict[str, Array]
    history: History | None
    stopping_history: History | None = None
    best_epochs: int | None = None
    beginning: Beginning | None = None
    seed: int
    engine: str
    _seed_is_drawn: bool
    _waiting: Parameters | None
    """Parameters that stand there until the first training has data to draw others from."""

    def __init__(
        self,
        layer_dims: Sequence[int] | None = None,
        *,
        activation: str | Sequence[str] = "relu",
        output: str = "sigmoid",
        output_settings: Mapping[str, Any] | None = None,
        normalization: str | Sequence[str] = "none",
        input_scale: bool = False,
        features: Mapping[str, Any] | None = None,
        initialization: str = "he",
        seed: int | np.random.Generator | np.random.RandomState | None = None,
        parameters: Mapping[str, Any] | None = None,
        dtype: Any = "float64",
        engine: str = "auto",
    ) -> None:
        by_name = bool(features) and not isinstance(parameters, Parameters)  # the architecture lays these out
        theta: Parameters | None = None
        if layer_dims is None:
            if parameters is None or by_name:
                others = "parameters" if parameters is None else "Parameters, arrays by name beside features"
                hint = "For example Network([2, 4, 1])."
                raise ConfigurationError(f"Network needs layer sizes or {others}", hint)
            theta = as_parameters(parameters)
            layer_dims = theta.layer_dims
        sizes = layer_sizes(layer_dims)
        is_mapping = isinstance(output_settings, Mapping | None)
        require(is_mapping, "output_settings", "a mapping such as {'delta': 1.5}", output_settings)
        head = get_head(output).with_settings(**(output_settings or {}))
        self.architecture = Architecture(
            sizes,
            (*hidden_names(activation, len(sizes) - 2), head.activation),
            output=head.name,
            output_settings={name: head.settings[name] for name in output_settings or {}},
            normalization=normalization,  # type: ignore[arg-type]  # a name is spread over the layers
            input_scale=input_scale,
            features=features or {},
        )
        get_head(self.architecture)  # it has as many outputs as its settings are for
        if not isinstance(initialization, str) or initialization not in INITIALIZATION_NAMES:
            kind = "initialization"
            raise unknown_name(kind, initialization, INITIALIZATION_NAMES, setting=kind)
        if initialization == FROM_DATA:
            self._refuse_to_draw_from_data()
        if parameters is not None and theta is None:
            laid_out = self.architecture.laid_out if by_name else as_parameters
            theta = laid_out(parameters)
        if theta is not None:
            check_fit(theta, self.architecture)
        waits = initialization == FROM_DATA and theta is None
        self._seed_is_drawn = seed is None
        if seed is None:  # from the operating system, and kept, so that the network can still be made again
            seed = int(np.random.SeedSequence().generate_state(1)[0])
        rng = generator(seed)
        if theta is None:
            theta = self._drawn(initialization, rng, float_dtype(dtype))
        self.seed = order_seed(seed, rng)
        self.parameters = finite_parameters(theta, float_dtype(dtype))
        self._waiting = self.parameters if waits else None
        self.statistics = first_statistics(self.architecture, self.dtype)
        self.engine = engine
        check_engine(engine)  # here and not after the data was read
        self.history = None

    def _drawn(self, initialization: str, rng: Any, dtype: "np.dtype[Any]") -> Parameters:
        """Initial parameters, drawn in float64."""
        # they are laid out and copied in the network's own precision then
        check_memory(self.architecture, 8 + 2 * dtype.itemsize, "to make")
        draw = INITIALIZATIONS["he" if initialization == FROM_DATA else initialization]
        return self.architecture.lay_out(drawn(self.architecture.graph, draw, rng))

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "beginning": None}  # no examples in files

    def __repr__(self) -> str:
        shape = self.architecture
        names = [name.replace("_", " ") for name in shape.features]
        names += [*(["scaled inputs"] if shape.input_scale else []), *layer_names(shape)]
        sizes = "-".join(map(str, shape.layer_dims))
        return f"Network({sizes}: {', '.join(names)}; {shape.n_parameters:,} parameters, {self.dtype})"

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64 or float32."""
        return self.parameters.dtype

    def train(
        self,
        X: Any,
        Y: Any = None,
        *,
        learning_rate: float = 0.0075,
        epochs: int | None = None,
        iterations: int | None = None,
        batch_size: int | None = None,
        optimizer: str = "gd",
        optimizer_params: Mapping[str, Any] | None = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        order: Order | None = None,
        schedule: Any = None,
        weight_decay_schedule: Any = None,
        dropout_schedule: Any = None,
        time_budget: float | None = None,
        deterministic: bool = False,
        checkpoint: str | Path | ModelCheckpoint | None = None,
        resume: bool | str | Path | None = None,
        validation: tuple[Any, ...] | None = None,
        validation_fraction: float | None = None,
        metrics: Mapping[str, Metric] | None = None,
        scoring: Any = None,
        patience: int | None = None,
        monitor: str | None = None,
        refit: bool = False,
        progress: bool | str | None = None,
        callbacks: Iterable[Any] = (),
        fault: str | None = None,
        **settings: Any,
    ) -> History:
        """Train the network from its parameters as they are.

        An iteration is an epoch: one pass over the examples. Each call restarts at epoch 0: with the
        optimizer's state at zero and, where mini-batches are drawn, with the order of epoch 0. Two calls are
        therefore one longer training only for full batches with ``optimizer="gd"``; to look in between, use
        `steps` or callbacks. Examples that stay in files (`deepstep.preparation.streams.StreamedExamples`)
        take the place of X and have their targets and weights themselves.

        Within a process group (`deepstep.distributed.process_group`) all workers train the network together,
        each on its part of each batch; every worker calls this with the same arguments.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m), optional
            Targets, by the output: 0 and 1 for "sigmoid"; a 1 in each column for "softmax"; numbers for
            "identity", "absolute_error" and "huber"; numbers of at least 0, such as counts, for "poisson";
            for "quantile" one row of numbers, (1, m), of which the n_L outputs are the quantiles; for
            "ordinal" with K classes in their order the K - 1 rows 1{y > k}, cumulative: class 2 of 4, counted
            from 0, is the column 1, 1, 0.
        learning_rate : float, optional
            α.
        epochs : int, optional
            Passes over the examples; 2500 by default, as in the lecture.
        iterations : int, optional
            The lecture's word for epochs: with ``batch_size=None`` an epoch is one update.
        batch_size : int, optional
            Examples an update; None for all of them.
        optimizer : str, optional
            Update rule, a name in ``deepstep.equations.OPTIMIZERS``; its state begins at zero in each call.
            Or "lbfgs": SciPy's L-BFGS-B over θ with all examples at once; an iteration is one of its own, and
            the learning rate is not used.
        optimizer_params : mapping, optional
            Parameters of the update rule, for example ``{"beta": 0.95}``; for L-BFGS ``tolerance`` (1e-5:
            converged when no entry of the gradient is larger) and ``evaluations`` (at most 15,000, of the
            cost).
        sample_weight : array of shape (m,), optional
            Weight of each example in the loss, at least 0; a weight of 2 equals the column twice.
        class_weight : "balanced" or mapping, optional
            Weights of the classes by their numbers from 0 (of yes/no outputs 0 and 1), 1 for those left out,
            by which the weights of their examples are multiplied, those of validation data, too. "balanced":
            n / (n_classes · count), counted with the sample weights of the training data without the held-out
            part. Several yes/no outputs are weighted separately; a list has a mapping for each.
        order : callable, optional
            ``order(epoch, m)`` gives the order of the examples of that epoch; by default mini-batches are
            drawn in each epoch from (seed, epoch), and full batches are taken as they are.
        schedule, weight_decay_schedule, dropout_schedule : str or mapping or callable, optional
            Factor of the learning rate, of the weight decay and of the dropout as a function of the fraction
            of training done: a name in ``deepstep.training.SCHEDULES`` such as "cosine", a mapping with
            settings such as ``{"name": "cosine", "warm_up": 0.1}``, or a function of t from 0 to 1.
        time_budget : float, optional
            Seconds after which training ends, but not before one epoch is done; the schedules run by the
            clock, so that they complete.
        deterministic : bool, optional
            Use one BLAS thread, so that the same bits come out on any number of cores.
        checkpoint : str or Path or ModelCheckpoint, optional
            Folder for checkpoints, written every 30 seconds and at Ctrl-C, or
            ``deepstep.training.ModelCheckpoint(folder, …)`` with other settings. A training that was killed
            at any instant resumes from the last one bit for bit, with the same network, settings and data, on
            the same machine.
        resume : bool or str or Path, optional
            Checkpoint to resume from: a file, or the newest whole one of a folder. True takes the newest of
            ``checkpoint``, and starts over without one: the same call starts and resumes. The network's own
            parameters are ignored then, and its seed if none was given; ``iterations`` may be others, unless
            a schedule is a function of the fraction done. Results of the user's functions are not compared.
            See also `from_checkpoint`.
        validation : tuple of arrays, optional
            ``(X, Y)`` or ``(X, Y, sample_weight)`` whose cost is recorded as ``validation_cost`` after each
            epoch.
        validation_fraction : float, optional
            Fraction of the examples to hold out for validation, drawn from the seed and stratified by class.
        metrics : mapping, optional
            Names and functions ``(Y, AL) -> float`` of columns that are recorded as ``validation_…``.
        scoring : str or callable, optional
            Metric of the validation data, recorded as ``validation_score``: one of scikit-learn's by name,
            such as "balanced_accuracy", a ``scorer(estimator, X, y)`` of rows, in which classes are their
            numbers from 0, or "loss" for minus the cost. Larger is better; ``patience`` monitors it.
        patience : int, optional
            Early stopping: end after so many epochs in a row without a better value of ``monitor``, and
            restore the parameters of the best epoch.
        monitor : str, optional
            Entry of the records that ``patience`` compares: smaller is better, with "-name" larger. Default:
            ``-validation_score`` with ``scoring``, else ``validation_cost``, or ``cost`` without validation
            data.
        refit : bool, optional
            After ``patience`` retrain, from the same start, on the training and the validation data together,
            for as many epochs as it took to the best one; ``stopping_history`` is that of the first training
            then, ``history`` of the second. Not with ``time_budget`` or a plateau, whose rates do not come
            again. Callbacks see both trainings.
        progress : bool or str, optional
            Show progress on stderr; a string is its label.
        callbacks : iterable, optional
            `deepstep.training.Callback` objects, or functions that take the record of each epoch.
        fault : str, optional
            For teaching only: train with a classic mistake in the backward pass of every layer, such as "lost
            1/m" or "sign of dW" (a name in ``deepstep.inspection.FAULTS``, or "derivative of relu"), by the
            reference engine and without checkpoints.
        **settings
            `deepstep.engines.Settings` by name: ``l1``, ``l2``, ``weight_decay``, ``dropout``, ``clip_norm``,
            ``clip_value``, ``lr_multipliers``, ``weight_decay_multipliers``, ``precision``. ``seed``, of
            dropout, is the network's unless given.

        Returns
        -------
        History
            ``history.costs`` holds J before each update (for mini-batches: the epoch's mean).

        Raises
        ------
        ShapeError, DataError, ConfigurationError
            If an argument does not fit, or the checkpoint is of another training: found before the first
            step, the network is as it was.
        FileError
            If there is no checkpoint to go on from, or checkpoints cannot be written from the beginning.
        DivergenceError
            If the cost becomes NaN or infinite; the network is unchanged.
        KeyboardInterrupt
            After Ctrl-C, once the step is done. An error of a callback or another function of one's own is
            raised at once. In both cases the network keeps what was reached, and ``history`` the records so
            far.

        Examples
        --------
        >>> net = Network([1, 1], initialization="zeros", seed=1)
        >>> history = net.train([[-1.0, 1.0]], [[0, 1]], learning_rate=1.0, iterations=3)
        >>> history.costs.round(3)
        array([0.693, 0.474, 0.348])
        """
        arguments = locals()
        others = ("self", "X", "Y", "settings")
        options = {name: value for name, value in arguments.items() if name not in others}
        begin = perf_counter()
        history = fit(self, X, Y, options | settings)
        if slow := slow_training(perf_counter() - begin):
            warnings.warn(f"Network.train: {slow}", SpeedWarning, stacklevel=2)
        return history

    def steps(
        self,
        X: Any,
        Y: Any,
        *,
        learning_rate: float = 0.0075,
        epochs: int | None = None,
        iterations: int | None = None,
        sample_weight: Any = None,
        fault: str | None = None,
        **options: Any,
    ) -> Iterator[Step]:
        """Train as `train` does, one update at a time: stop, look, go on.

        The network holds the new parameters at each step, and keeps them when the loop is left or a later
        step diverges. The training continues from its own last step: it starts at the parameters that the
        network has when `steps` is called, and parameters set between two steps are overwritten by the next
        one. To go on from others, set them and call `steps` again. Writing into the numbers of
        ``network.parameters`` in place does take part in the training.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Target.
        learning_rate : float, optional
            α.
        epochs : int, optional
            Passes over the examples; 2500 by default, as in the lecture.
        iterations : int, optional
            The lecture's word for epochs: with ``batch_size=None`` an epoch is one update.
        sample_weight : array of shape (m,), optional
            Weight of each example, at least 0; scaled to mean 1.
        fault : str, optional
            As in `train`: the gradients of a classic mistake, also in the trace of each step.
        **options
            As in `train`: ``batch_size``, ``order``, the optimizer, the schedules and the settings.

        Yields
        ------
        Step

        Raises
        ------
        ShapeError, DataError, ConfigurationError
            If an argument does not fit; at once, before the first step.
        DivergenceError
            If the cost or a parameter becomes NaN or infinite; the network keeps the step before.

        Examples
        --------
        >>> net = Network([1, 2, 1], seed=1)
        >>> for step in net.steps([[0.0, 1.0]], [[0, 1]], learning_rate=0.5, iterations=100):
        ...     if step.cost < 0.5:
        ...         break
        >>> step.trace()["J"].value == step.cost
        True
        """
        options |= {"learning_rate": learning_rate, "epochs": epochs, "iterations": iterations}
        mistake = None if fault is None else get_fault(fault)
        if mistake is not None:
            refuse_beside_a_fault(self.engine)
        options["sample_weight"] = sample_weight
        prepared = prepare(self, X, Y, options, looked_at=True, mistake=mistake)
        walk = updates(prepared.session, prepared.examples.in_memory(), prepared.plan)
        return self._walk(walk, prepared.session, mistake)

    def find_learning_rate(
        self,
        X: Any,
        Y: Any,
        *,
        least: float = 1e-6,
        most: float = 10.0,
        steps: int = 100,
        sample_weight: Any = None,
        **options: Any,
    ) -> RateSearch:
        """Try growing learning rates, a step each, and suggest one; the network is not changed.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Target.
        least, most : float, optional
            The first and the last rate.
        steps : int, optional
            How many rates are tried.
        sample_weight : array of shape (m,), optional
            Weight of each example, at least 0; scaled to mean 1.
        **options
            ``batch_size``, ``order``, ``optimizer``, ``optimizer_params`` and the settings of `train`.

        Returns
        -------
        RateSearch
            ``rates``, smoothed ``costs`` and the ``suggestion``; `deepstep.plots.RateSearchDisplay` draws it.

        Raises
        ------
        ShapeError, DataError, ConfigurationError
            If an argument does not fit.

        Examples
        --------
        >>> X = np.random.default_rng(1).standard_normal((2, 200))
        >>> net = Network([2, 8, 1], seed=1)
        >>> search = net.find_learning_rate(X, X[:1] * X[1:] > 0, batch_size=32, optimizer="adam")
        >>> 1e-3 < search.suggestion < 1
        True
        """
        options = {"learning_rate": least, "sample_weight": sample_weight, **options}
        prepared = prepare(self, X, Y, options)
        plan = prepared.plan
        with blas_threads(plan.deterministic):
            return find_rate(
                prepared.session,
                prepared.examples.in_memory(),
                least=least,
                most=most,
                steps=steps,
                batch_size=plan.batch_size,
                order=plan.order,
            )

    def initialize_from_data(self, X: Any) -> None:
        """Draw new parameters with which each pre-activation has variance 1 over these inputs.

        The draws come from ``network.seed``: the same seed and inputs give the same parameters. A few
        thousand training inputs are enough.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.

        Raises
        ------
        ShapeError, DataError
            If X does not fit.

        Examples
        --------
        >>> X = 1e6 * np.random.default_rng(1).standard_normal((3, 100))
        >>> net = Network([3, 4, 1], seed=1)
        >>> net.initialize_from_data(X)
        >>> (net.parameters["W1"] @ X).std(axis=1).round(6)
        array([1., 1., 1., 1.])
        """
        self._refuse_to_draw_from_data()
        X = check_inputs(X, self.architecture.n_inputs)
        self.parameters, self.statistics = self._from_data(X), first_statistics(self.architecture, self.dtype)

    def forward(self, X: Any) -> Array:
        """The output of the last layer.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.

        Returns
        -------
        AL : array of shape (n_L, m)
            Of the network's dtype.

        Raises
        ------
        ShapeError, DataError
            If X does not fit, or is so large that an output is not finite.

        Examples
        --------
        >>> Network([2, 1], initialization="zeros", seed=1).forward([[1, 2, 3], [4, 5, 6]])
        array([[0.5, 0.5, 0.5]])
        """
        return self._forward(X)

    def predict_proba(self, X: Any) -> Array:
        """Probabilities.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.

        Returns
        -------
        array of shape (n_L, m)
            For a sigmoid each output's own, for a softmax one distribution over the n_L classes per column;
            for ordered classes one over their n_L + 1, of shape (n_L + 1, m).

        Raises
        ------
        ConfigurationError
            If the output gives numbers and no probabilities.
        ShapeError, DataError
            As in `forward`.

        Examples
        --------
        >>> net = Network([1, 4], output="softmax", initialization="zeros", seed=1)
        >>> net.predict_proba([[7.0]]).ravel()
        array([0.25, 0.25, 0.25, 0.25])
        """
        return self._probabilities(self._forward(X), "probabilities", "predict")

    def predict(self, X: Any) -> AnyArray:
        """Answers.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.

        Returns
        -------
        array
            Sigmoid: whole numbers (n_L, m), 1 where a probability is above ½. Softmax and ordinal: the number
            of the most probable class, (1, m). Else the numbers, (n_L, m).

        Raises
        ------
        ShapeError, DataError
            As in `forward`.

        Examples
        --------
        >>> net = Network(parameters={"W1": [[2.0]], "b1": [[-1.0]]})
        >>> net.predict([[0.4, 0.6]])
        array([[0, 1]])
        """
        return answers(self.architecture, self._forward(X))

    def accuracy(self, X: Any, Y: Any) -> float:
        """Share of right answers.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Targets as in `train`; for a sigmoid a target above ½ means yes.

        Returns
        -------
        float
            From 0 to 1; with several sigmoid outputs over all of them.

        Raises
        ------
        ConfigurationError
            If the output gives numbers.
        ShapeError, DataError
            If X or Y does not fit, or an output is not finite.

        Examples
        --------
        >>> net = Network(parameters={"W1": [[2.0]], "b1": [[-1.0]]})
        >>> net.accuracy([[0.4, 0.6, 0.7, 0.8]], [[0, 1, 1, 0]])
        0.75
        """
        X, Y = self._check(X, Y)
        self._probabilities(Y, "classes", "cost")
        return float(np.mean(self.predict(X) == answers(self.architecture, Y)))

    def cost(self, X: Any, Y: Any, *, sample_weight: Any = None) -> float:
        """The cost J of the network that predicts, from the logits, without regularization.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Target.
        sample_weight : array of shape (m,), optional
            Weight of each example, at least 0; scaled to mean 1.

        Returns
        -------
        J : float
            The cost, the mean of the losses.

        Raises
        ------
        ShapeError, DataError
            If X or Y does not fit.

        Examples
        --------
        >>> net = Network(parameters={"W1": [[2.0]], "b1": [[1.0]]}, output="identity")
        >>> net.cost([[0.0, 1.0]], [[1.0, 1.0]])  # ½ (0² + 2²) / 2
        1.0
        """
        X, Y = self._check(X, Y)
        weight = self._weight(sample_weight, X.shape[1])
        session = self._answering(X.shape[1])
        return cost_of_rows(session.cost, Examples(X.T, Y.T, weight), self.architecture.layer_dims)

    def gradients(self, X: Any, Y: Any) -> dict[str, Array]:
        """The derivatives at the parameters as they are; nothing is updated.

        Batch normalization uses the batch's own statistics, as in training; there is no dropout.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Target.

        Returns
        -------
        dict
            ``"dW1"``, ``"db1"``, … of the shapes of W and b (derivatives of J) and ``"dA0"``, … (n_l, m) (of
            m·J), see `deepstep.equations.model_backward`.

        Raises
        ------
        ShapeError, DataError
            If X or Y does not fit.

        Examples
        --------
        >>> net = Network(parameters={"W1": [[2.0]], "b1": [[1.0]]}, output="identity")
        >>> net.gradients([[0.0, 1.0]], [[1.0, 1.0]])["dW1"]
        array([[1.]])
        """
        X, Y = self._check(X, Y)
        shape = self.architecture
        graph, tape = shape.run(X, self.parameters)
        return gradients_of(graph, tape, output_gradient(tape[graph.logits], Y, output=get_head(shape)))

    def gradient_norms(self, X: Any, Y: Any) -> Array:
        """How far each example alone would move the parameters: the norm of its own gradient.

        An example that the network has understood has a small one; the largest are outliers, hard ones, and
        those with a wrong target. There is no pass for each example (Goodfellow, arXiv 1510.01799), see
        `deepstep.equations.linear_gradient_norms`.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Target.

        Returns
        -------
        array of shape (1, m)
            ‖∂loss⁽ⁱ⁾/∂θ‖ over all parameters, without regularization and dropout.

        Raises
        ------
        ConfigurationError
            With batch normalization, where examples have no losses of their own; with an operation of one's
            own that has parameters and no ``per_example``.
        ShapeError, DataError
            If X or Y does not fit.

        Examples
        --------
        >>> net = Network(parameters={"W1": [[2.0]], "b1": [[1.0]]}, output="identity")
        >>> net.gradient_norms([[0.0, 1.0]], [[1.0, 1.0]]).round(4)  # dZ = 0 and 2
        array([[0.    , 2.8284]])
        """
        shape, norms = self.architecture, []
        X, Y = self._check(X, Y)
        for part in parts(X.shape[1], shape.layer_dims):
            graph, tape = shape.run(X[:, part], self.parameters)
            dZL = output_gradient(tape[graph.logits], Y[:, part], output=get_head(shape))
            norms.append(gradient_norms(graph.nodes, tape, {graph.logits: dZL}, Y[:, part].shape[1]))
        return np.concatenate(norms, axis=1)

    def input_gradients(self, X: Any, *, output: int = 0) -> Array:
        """How one output follows each input: its derivative, at each example.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        output : int, optional
            Number of the output, from 0: a row of what `forward` gives.

        Returns
        -------
        array of shape (n_x, m)
            ∂AL[output, i] / ∂X[:, i], of the network that predicts: with batch normalization by its running
            statistics. At a kink of an activation, the derivative that training takes there.

        Raises
        ------
        ConfigurationError
            If there is no such output.
        ShapeError, DataError
            If X does not fit.

        Examples
        --------
        >>> net = Network(parameters={"W1": [[2.0, -1.0]], "b1": [[1.0]]}, output="identity")
        >>> net.input_gradients([[0.0, 1.0], [5.0, 5.0]])
        array([[ 2.,  2.],
               [-1., -1.]])
        """
        shape = self.architecture
        if not (is_whole(output, 0) and output < shape.n_outputs):
            raise ConfigurationError.must_be("output", f"one of 0 … {shape.n_outputs - 1}", repr(output))
        X = check_inputs(X, shape.n_inputs, dtype=self.dtype)
        gradients = []
        for part in parts(X.shape[1], shape.layer_dims):
            graph, tape = shape.run(X[:, part], self.parameters, statistics=self.statistics)
            dAL = np.zeros_like(tape[graph.output])
            dAL[output] = 1
            for _, derivatives in backward(graph.nodes, tape, {graph.output: dAL}):
                if "A0" in derivatives:
                    gradients.append(derivatives["A0"])
                    break
        return np.concatenate(gradients, axis=1)

    def trace(
        self,
        X: Any,
        Y: Any,
        *,
        learning_rate: float = 0.0075,
        sample_weight: Any = None,
        **settings: Any,
    ) -> Trace:
        """One training step opened: every quantity in order, with formula, shape and value.

        The network is not changed; the trace ends with what the step would make of the parameters. To open a
        step in the midst of a training, with the optimizer's state as it is there, see `steps`.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Target.
        learning_rate : float, optional
            α.
        sample_weight : array of shape (m,), optional
            Weight of each example, at least 0; scaled to mean 1.
        **settings
            As in `train`: ``optimizer``, ``optimizer_params``, ``l2``, ``dropout``, …; the optimizer's state
            is that of its first step. L-BFGS has no step of its own: its trace ends with the gradients.

        Returns
        -------
        Trace

        Raises
        ------
        ShapeError, DataError, ConfigurationError
            If an argument does not fit.

        Examples
        --------
        >>> net = Network([2, 1], initialization="zeros", seed=1)
        >>> net.trace([[1.0], [2.0]], [[1]], learning_rate=0.5)["W1′"].value
        array([[0.25, 0.5 ]])
        """
        where = "Network.trace"
        X, Y = self._check(X, Y)
        return trace_step(
            self.architecture,
            self.parameters,
            X,
            Y,
            learning_rate=check_learning_rate(learning_rate),
            settings=self._settings(settings, where),
            statistics=self.statistics,
            sample_weight=self._weight(sample_weight, X.shape[1]),
            with_update=settings.get("optimizer") != LBFGS,
        )

    def check_gradients(
        self,
        X: Any,
        Y: Any,
        *,
        gradients: Mapping[str, Array] | None = None,
        sample_weight: Any = None,
        epsilon: float | None = None,
        order: int = 4,
        tolerance: float = 1e-7,
        max_entries: int | None = 200,
        **settings: Any,
    ) -> GradientReport:
        """Compare the gradients with finite differences of the cost.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Target.
        gradients : mapping, optional
            Gradients to check instead of the network's own: a learner's dW1, db1, …
        sample_weight : array of shape (m,), optional
            Weight of each example, at least 0; scaled to mean 1.
        epsilon, order, tolerance, max_entries
            As in `deepstep.inspection.check_gradients`.
        **settings
            As in `train`: ``l1`` and ``l2`` are part of the cost; with ``dropout`` the masks of the first
            step stay as they are. Other settings make no difference.

        Returns
        -------
        GradientReport
            Per parameter the worst entry and the verdict; if wrong, the classic fault that explains it.

        Raises
        ------
        ShapeError, DataError, ConfigurationError
            If an argument does not fit.

        Examples
        --------
        >>> net = Network([2, 3, 1], activation="tanh", seed=1)
        >>> net.check_gradients([[1.0, 2.0], [0.5, -1.0]], [[0, 1]]).passed
        True
        """
        where = "Network.check_gradients"
        X, Y = self._check(X, Y)
        return check_gradients(
            self.architecture,
            self.parameters,
            X,
            Y,
            gradients=gradients,
            sample_weight=self._weight(sample_weight, X.shape[1]),
            settings=self._settings(settings, where),
            epsilon=epsilon,
            order=order,
            tolerance=tolerance,
            max_entries=max_entries,
        )

    def summary(self) -> str:
        """Layers, shapes and numbers of parameters as a table.

        Returns
        -------
        str

        Examples
        --------
        >>> print(Network([2, 4, 1], seed=1).summary())
        layer  activation  units  W       b       parameters
        0      input       2                      0
        1      relu        4      (4, 2)  (4, 1)  12
        2      sigmoid     1      (1, 4)  (1, 1)  5
        17 parameters, float64
        """
        table = text_table(LAYERS, layer_rows(self.architecture, self.parameters))
        return f"{table}\n{self.architecture.n_parameters:,} parameters, {self.dtype}"

    def _repr_html_(self) -> str:
        return html_table(LAYERS, layer_rows(self.architecture, self.parameters), caption=repr(self))

    def explore(self, X: Any, Y: Any, **options: Any) -> Any:
        """Open this network on a page, where every number of every step can be looked at.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Target.
        **options
            As in `deepstep.explore`: ``learning_rate``, ``iterations``, ``optimizer``, …

        Returns
        -------
        deepstep.explorer.Exploration
            It shows itself in a notebook; ``.export("lesson.html")`` writes a file.

        Raises
        ------
        ShapeError, DataError, ConfigurationError
            If an argument does not fit, or the network is too large for a page.

        Examples
        --------
        >>> Network([2, 3, 1], seed=1).explore([[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]])
        Exploration('2-3-1 on data')
        """
        # A face imports everything and nothing imports it, so this name is looked up when it is called.
        return import_module("deepstep.explorer").explore(self, X, Y, **options)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Save the network as a folder, whole or not at all: see `deepstep.save`.

        Architecture, parameters, dtype, seed and history are kept; the engine is not.

        Parameters
        ----------
        path : str or Path
            The folder to make; its parent exists.
        overwrite : bool, optional
            Replace a saved model, which stays as it is until the new one is complete.

        Raises
        ------
        FileError
            If the folder exists and may not be replaced, or cannot be written.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> net = Network([2, 4, 1], seed=1)
        >>> with TemporaryDirectory() as folder:
        ...     net.save(f"{folder}/net")
        ...     Network.load(f"{folder}/net").parameters == net.parameters
        True
        """
        archive.save(self, path, overwrite=overwrite)

    def to_archive(self) -> dict[str, Any]:
        """The entries of this network in `deepstep.archive`.

        Returns
        -------
        dict
            All but the engine and ``beginning``.

        Raises
        ------
        FileError
            If a record of the history has not what training writes.
        """
        entries = {
            "architecture": self.architecture,
            "parameters": dict(self.parameters),
            "statistics": dict(self.statistics),
            "seed": self.seed,
            "history": self.history,
            "stopping_history": self.stopping_history,
            "best_epochs": self.best_epochs,
        }
        self._check_histories()
        return entries

    def export(self, path: str | Path, *, to: str = "", overwrite: bool = False) -> Any:
        """Write one file that predicts without DeepStep; rows are examples there.

        Parameters
        ----------
        path : str or Path
            The file to write; its suffix is that of the format.
        to : str, optional
            The format, a name in ``deepstep.export.FORMATS``; by default by the suffix.
        overwrite : bool, optional
            Replace files that exist.

        Returns
        -------
        deepstep.export.Certificate
            The largest difference from this network's outputs.

        Raises
        ------
        ConfigurationError
            If the format cannot carry the network; the message names the reason.
        ParityError
            If the file gives other outputs; nothing is written.
        FileError
            If the file exists and may not be replaced, or cannot be written.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Network([2, 4, 1], seed=1).export(f"{folder}/net.py").difference < 1e-6
        True
        """
        export: Any = import_module("deepstep.export").export  # nothing imports the exports
        return export(self, path, to=to, overwrite=overwrite, where="Network.export")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a network that `save` wrote; nothing in the folder is executed.

        Parameters
        ----------
        path : str or Path
            The folder that `save` wrote.

        Returns
        -------
        Network

        Raises
        ------
        FileError
            If the folder is missing, damaged, or no saved network, or an activation, output or feature of
            your own in it is not registered.

        Examples
        --------
        >>> Network.load("no/such/folder")
        Traceback (most recent call last):
        deepstep.errors.FileError: no/such/folder...
        """
        network = archive.load(path)
        if not isinstance(network, Network):
            kind = type(network).__name__
            raise FileError(f"{path} is a {kind}, not a saved Network", "deepstep.load reads it.")
        network.__class__ = cls  # it may be one of the user's own
        return network  # type: ignore[return-value]

    @classmethod
    def from_archive(
        cls,
        architecture: Architecture,
        parameters: Mapping[str, Array],
        statistics: Mapping[str, Array],
        seed: int,
        history: History | None,
        stopping_history: History | None,
        best_epochs: int | None,
    ) -> Self:
        """The network that `deepstep.archive` reads.

        Parameters
        ----------
        architecture : Architecture
        parameters : mapping
            ``"W1"``, ``"b1"``, …: `Parameters` or a plain dictionary.
        statistics : mapping
        seed : int
            An int seeds a `numpy.random.RandomState`, whose stream is frozen, so the lecture's published
            values come out; with None a seed is drawn and kept in ``network.seed``.
        history, stopping_history : History
        best_epochs : int

        Returns
        -------
        Network

        Raises
        ------
        ShapeError, DataError
            If the arrays are not those of the architecture, or not finite.
        FileError
            If a record of a history has not what training writes.
        """
        check_arrays(architecture, parameters, statistics)
        network = cls._of(Model(architecture, architecture.laid_out(parameters), statistics), seed)
        network.history, network.stopping_history = history, stopping_history
        network.best_epochs = best_epochs
        network._check_histories()
        return network

    @classmethod
    def from_checkpoint(cls, path: str | Path) -> Self:
        """The network of a training that is not done, as it stood in a checkpoint; nothing is executed.

        Parameters
        ----------
        path : str or Path
            A file, or a folder, whose newest whole checkpoint is taken.

        Returns
        -------
        Network
            It predicts with what training had reached, not with the best epoch of ``patience``; ``history``
            has the records so far. To go on with the training: `train` with its options and ``resume=path``.

        Raises
        ------
        FileError
            If there is none, or it is damaged, or has a feature of one's own that is not registered.
        ConfigurationError
            If it has an activation or a head of one's own that is not registered.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> from deepstep.training import ModelCheckpoint
        >>> net = Network([1, 1], seed=1)
        >>> with TemporaryDirectory() as folder:
        ...     checkpoint = ModelCheckpoint(folder, every_epochs=1)
        ...     history = net.train([[0.0, 1.0]], [[0, 1]], iterations=5, checkpoint=checkpoint)
        ...     Network.from_checkpoint(folder).parameters == net.parameters
        True
        """
        checkpoint = checkpoint_at(path)
        model = Model(checkpoint.architecture, checkpoint.parameters, checkpoint.state.statistics)
        network = cls._of(model, checkpoint.seed)
        network.history = History(checkpoint.records)
        return network

    @classmethod
    def from_sklearn(cls, estimator: Any) -> Self:
        """The network of a fitted scikit-learn estimator; it gives the same outputs.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor

        Returns
        -------
        Network
            Of the estimator's precision. Classes are numbered in the order of ``classes_``; of two there is
            one output, the probability of the second. How it was trained (solver, penalty) does not come
            along.

        Raises
        ------
        ConfigurationError
            If it is another object, or not fitted.
        DataError
            If a weight is not finite.

        Examples
        --------
        >>> from sklearn.neural_network import MLPRegressor
        >>> X, y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
        >>> estimator = MLPRegressor(hidden_layer_sizes=4, solver="lbfgs", random_state=0).fit(X, y)
        >>> np.allclose(Network.from_sklearn(estimator).predict([[0.0, 1.0, 2.0]]), estimator.predict(X))
        True
        """
        return cls._of(from_sklearn(estimator))

    @classmethod
    def from_torch(
        cls, module: Any, *, output: str | None = None, output_settings: Mapping[str, Any] | None = None
    ) -> Self:
        """The network of a torch module; ``module.eval()`` and it give the same outputs.

        Parameters
        ----------
        module : torch.nn.Sequential
            Of Linear, each followed by at most one BatchNorm1d or LayerNorm and at most one activation that
            DeepStep has, or what `to_torch` makes. Dropout, Flatten and Identity are passed over: give
            ``dropout`` to `train`.
        output : str, optional
            The head, as in `Network`. By default it is that of the activation at the end: "sigmoid" for a
            Sigmoid, "softmax" for a Softmax, "identity" for a Linear alone. A module that ends with Linear
            and was trained with a loss by its logits (``BCEWithLogitsLoss``, ``CrossEntropyLoss``) is
            "sigmoid" or "softmax": say so here.
        output_settings : mapping, optional
            Settings of the head in JSON's types: ``{"smoothing": 0.1}``, ``{"levels": [0.1, 0.9]}``.

        Returns
        -------
        Network
            Of the module's precision, with copies of its numbers. A Linear without bias has one of 0.
            ``torch.nn.Softplus`` cuts at 20, where the exact value is 2e-9 higher.

        Raises
        ------
        ConfigurationError
            If a module has no counterpart, or not in its place; the message names both.
        ShapeError, DataError
            If the layers do not follow each other, or a number is not finite.
        MissingPackageError
            If torch is not installed.

        Examples
        --------
        >>> import torch
        >>> module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
        >>> Network.from_torch(module, output="softmax")
        Network(3-4-2: tanh, softmax; 26 parameters, float32)
        """
        where = "Network.from_torch"
        return cls._of(_torch(where).from_torch(module, output, output_settings or {}))

    def to_torch(self, *, logits: bool = False) -> "nn.Sequential":
        """A torch module that gives the same outputs, for rows.

        Parameters
        ----------
        logits : bool, optional
            End with the last Linear, for losses by the logits and for exports: the output's own activation is
            left out.

        Returns
        -------
        torch.nn.Sequential
            In evaluation mode, of this network's precision, with copies of its numbers: Linear, BatchNorm1d
            or LayerNorm, activation for each layer. Modules of DeepStep's own are at the end of the outputs
            "poisson", "quantile" and "ordinal", and where inputs are scaled.

        Raises
        ------
        ConfigurationError
            If an activation is your own, or the network has ``features``.
        MissingPackageError
            If torch is not installed.

        Examples
        --------
        >>> Network([2, 4, 1], seed=1).to_torch()
        Sequential(
          (0): Linear(in_features=2, out_features=4, bias=True)
          (1): ReLU()
          (2): Linear(in_features=4, out_features=1, bias=True)
          (3): Sigmoid()
        )
        """
        where = "Network.to_torch"
        module: nn.Sequential = _torch(where).to_torch(self._model, logits=logits)
        return module

    @property
    def _model(self) -> Model:
        return Model(self.architecture, self.parameters, self.statistics)

    @classmethod
    def _of(cls, model: Model, seed: Any = None) -> Self:
        """The network of a model."""
        architecture, parameters, statistics = model
        get_head(architecture)  # the last activation is the head's, and is not given below
        network = cls(
            architecture.layer_dims,
            **architecture.network_arguments(),
            parameters=parameters,
            dtype=parameters.dtype,
            seed=seed,
        )
        with np.errstate(over="ignore"):
            network.statistics = {name: value.astype(network.dtype) for name, value in statistics.items()}
        check_finite(network.statistics)
        return network

    def _check_histories(self) -> None:
        """Refuse histories that are none of this network's trainings."""
        for history in (self.history, self.stopping_history):
            if history is not None:
                check_records(history, self.architecture.n_layers)

    def _session(
        self,
        settings: Settings | None = None,
        parameters: Parameters | None = None,
        engine: str = "",
        examples: int | None = None,
    ) -> Session:
        return open_session(
            engine or self.engine,
            self.architecture,
            self.parameters if parameters is None else parameters,
            settings,
            statistics=self.statistics,
            examples=examples,
        )

    def _answering(self, m: int) -> Session:
        """A session that answers for m examples: the equations, if a kernel is not worth it."""
        small = self.engine in ("auto", ON_CPU) and self.architecture.n_parameters * m < WORTH_A_KERNEL
        return self._session(engine="reference" if small else self.engine)

    def _check(self, X: Any, Y: Any) -> tuple[Array, Array]:
        shape = self.architecture
        X = check_inputs(X, shape.n_inputs, dtype=self.dtype)
        return X, check_targets(Y, shape.n_outputs, X.shape[1], get_head(shape), dtype=self.dtype)

    def _weight(self, sample_weight: Any, m: int) -> Array | None:
        return None if sample_weight is None else check_weights(sample_weight, m, dtype=self.dtype)

    def _forward(self, X: Any) -> Array:
        X = check_inputs(X, self.architecture.n_inputs, dtype=self.dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused below
            session = self._answering(X.shape[1])
            AL = forward_rows(session.forward, X.T, self.architecture.layer_dims).T
        finite = np.isfinite(AL)
        if not finite.all():
            hint = "The inputs are too large for these parameters: scale them as in training."
            raise DataError(f"An output is {AL[~finite][0]}, which is no finite number of {AL.dtype}", hint)
        return AL

    def _probabilities(self, AL: Array, kind: str, instead: str) -> Array:
        """The probabilities in outputs, or in targets; refused where an output gives numbers."""
        P = probabilities(self.architecture, AL)
        if P is None:
            problem = f"The output {self.architecture.output!r} gives numbers, no {kind}"
            raise ConfigurationError(problem, f"Use {instead}.")
        return P

    def _refuse_to_draw_from_data(self) -> None:
        """Refuse features between the inputs and W1."""
        if features := ", ".join(self.architecture.features):
            problem = f"Parameters cannot be drawn from data in a network with {features}"
            raise ConfigurationError(problem, "Use initialization='he'.")

    def _from_data(self, X: Array) -> Parameters:
        """Parameters with which each pre-activation has variance 1 over these inputs."""
        shape, rng = self.architecture, np.random.RandomState(self.seed)
        values = initialize_from_data(X, shape.layer_dims, activations=shape.activations, rng=rng)
        theta = shape.lay_out(drawn(shape.graph, INITIALIZATIONS["zeros"], rng))  # features at their start
        for name, value in values.items():
            theta[name][:] = value
        return finite_parameters(theta, self.dtype)

    def _walk(self, walk: Iterator[Update], session: Session, mistake: Mistake | None) -> Iterator[Step]:
        for update in walk:
            self.parameters, self.statistics = session.parameters, dict(session.state().statistics)
            yield Step(update, session.parameters, self.architecture, session.settings, mistake)

    def _settings(self, settings: Mapping[str, Any], where: str) -> Settings:
        """Settings of the session; L-BFGS takes cost and gradient from a session of any update rule."""
        method = getattr(type(self), where.removeprefix("Network."))
        refuse_unknown(settings, method)
        update = {"optimizer": "gd"} if settings.get("optimizer") == LBFGS else {}
        return Settings.of(**{"seed": self.seed, **settings, **update})


def _torch(where: str) -> Any:
    """The module that converts from and to torch, loaded where it is asked for."""
    missing = missing_torch(where)
    if missing is not None:
        raise missing
    return import_module("deepstep.model.conversion")
