"""`Network`: the easy-to-use class over the stages. Columns are examples."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from deepstep.engines import Session, Settings, first_statistics, open_session
from deepstep.equations import (
    INITIALIZATIONS,
    answers,
    get_head,
    get_optimizer,
    initialize_from_data,
    initialize_parameters,
    model_backward,
    model_forward,
    probabilities,
)
from deepstep.errors import ConfigurationError, DataError, DeepStepError, FileError, unknown_name
from deepstep.inspection import GradientReport, Trace, check_gradients, trace_step
from deepstep.inspection.tables import text_table
from deepstep.model.construction import (
    check_fit,
    finite_parameters,
    finite_statistics,
    float_dtype,
    fresh_seed,
    generator,
    hidden_names,
    order_seed,
    with_scales,
)
from deepstep.model.conversion import Converted, from_sklearn, torch_conversion
from deepstep.model.options import (
    as_checkpoint,
    as_checkpoints,
    as_lbfgs,
    as_patience,
    as_plan,
    refuse_checkpoints,
)
from deepstep.model.step import Step
from deepstep.network import Architecture, Parameters, as_parameters
from deepstep.network.architecture import layer_sizes
from deepstep.network.border import check_inputs, check_several_classes, check_targets, check_weights
from deepstep.network.model_file import load_model, save_model
from deepstep.preparation.batches import Examples, Order
from deepstep.training import Checkpoints, History, Plan, Progress, Update, train, updates
from deepstep.training.callbacks import as_callbacks
from deepstep.training.determinism import blas_threads
from deepstep.training.lbfgs import train_lbfgs
from deepstep.training.plan import check_learning_rate
from deepstep.training.rate_finder import RateSearch, find_rate
from deepstep.training.scores import Metric, Scores
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    from torch import nn


class Network:
    """A deep fully-connected network with every step open.

    Parameters
    ----------
    layer_dims : sequence of int, optional
        n_0 (inputs), n_1, …, n_L (outputs). May be left out if ``parameters`` are given.
    activation : str or sequence of str
        Activation of the hidden layers: one for all, or one per hidden layer.
    output : str
        The head, which decides what the output means and which loss trains it, a name in
        ``deepstep.equations.HEADS``: "sigmoid" (yes/no outputs, cross-entropy), "softmax" (one class among
        n_L), "identity" (numbers, half the squared error), "absolute_error", "huber", "poisson" (counts),
        "quantile" (several quantiles that never cross), "ordinal" (classes in an order).
    output_settings : mapping, optional
        Settings of the head, for example ``{"smoothing": 0.1}`` or ``{"levels": [0.1, 0.5, 0.9]}``.
    normalization : str or sequence of str
        "none", "batch" or "layer": one for all hidden layers, or one for each.
    initialization : str
        How the initial weights are drawn, a name in ``deepstep.equations.INITIALIZATIONS``.
    seed : int, Generator or RandomState, optional
        An int seeds a `numpy.random.RandomState`, whose stream is frozen, so the lecture's published values
        come out; with None a seed is drawn and kept in ``network.seed``.
    parameters : mapping, optional
        Initial parameters W1, b1, …; they are copied.
    dtype : {"float64", "float32"}
    engine : {"auto", "reference"}
        What runs the training.

    Attributes
    ----------
    architecture : Architecture
    parameters : Parameters
        θ now; named views over one flat vector.
    statistics : dict
        Running statistics of batch normalization, "mean1", "variance1", … (n_l, 1); empty without.
    history : History or None
        Of the last training.
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
    The exclusive or:

    >>> X = [[0, 0, 1, 1], [0, 1, 0, 1]]
    >>> Y = [[0, 1, 1, 0]]
    >>> net = Network([2, 4, 1], activation="tanh", seed=1)
    >>> history = net.train(X, Y, learning_rate=0.5, iterations=2000)
    >>> net.predict(X)
    array([[0, 1, 1, 0]])
    """

    def __init__(
        self,
        layer_dims: Sequence[int] | None = None,
        *,
        activation: str | Sequence[str] = "relu",
        output: str = "sigmoid",
        output_settings: Mapping[str, Any] | None = None,
        normalization: str | Sequence[str] = "none",
        initialization: str = "he",
        seed: int | np.random.Generator | np.random.RandomState | None = None,
        parameters: Mapping[str, Any] | None = None,
        dtype: Any = "float64",
        engine: str = "auto",
    ) -> None:
        given = None if parameters is None else as_parameters(parameters, "Network")
        if layer_dims is None:
            if given is None:
                raise ConfigurationError(
                    "Network", "layer sizes or parameters", "got neither", "For example Network([2, 4, 1])."
                )
            layer_dims = given.layer_dims
        sizes = layer_sizes(layer_dims, "Network")
        head = get_head(output, "Network").with_settings(**(output_settings or {}))
        self.architecture = Architecture(
            sizes,
            (*hidden_names(activation, len(sizes) - 2), head.activation),
            output=head.name,
            output_settings={name: head.settings[name] for name in output_settings or {}},
            normalization=normalization,  # type: ignore[arg-type]  # a name is spread over the layers
        )
        get_head(self.architecture, "Network")  # it has as many outputs as its settings are for
        if not isinstance(initialization, str) or initialization not in INITIALIZATIONS:
            raise unknown_name("Network", "initialization", initialization, INITIALIZATIONS)
        if given is not None:
            check_fit(given, self.architecture)
        seed = fresh_seed() if seed is None else seed
        rng = generator(seed)
        if given is None:
            drawn = initialize_parameters(sizes, method=initialization, rng=rng)
            given = with_scales(drawn, self.architecture.normalized)
        self.seed = order_seed(seed, rng)
        self.parameters: Parameters = finite_parameters(given, float_dtype(dtype))
        self.statistics: dict[str, Array] = first_statistics(self.architecture, self.dtype)
        self.engine = engine
        self._session("Network")  # an unknown engine is refused here and not after the data was read
        self.history: History | None = None

    def train(
        self,
        X: Any,
        Y: Any,
        *,
        learning_rate: float = 0.0075,
        iterations: int = 2500,
        batch_size: int | None = None,
        optimizer: str = "gd",
        hyperparameters: Mapping[str, Any] | None = None,
        sample_weight: Any = None,
        order: Order | None = None,
        schedule: Any = None,
        decay_schedule: Any = None,
        dropout_schedule: Any = None,
        time_budget: float | None = None,
        deterministic: bool = False,
        checkpoint: str | Path | Checkpoints | None = None,
        resume: bool | str | Path | None = None,
        validation: tuple[Any, ...] | None = None,
        metrics: Mapping[str, Metric] | None = None,
        patience: int | None = None,
        watch: str | None = None,
        progress: bool | str | None = None,
        callbacks: Iterable[Any] = (),
        **settings: Any,
    ) -> History:
        """Train the network from its parameters as they are.

        An iteration is an epoch: one pass over the examples. Each call begins anew with epoch 0: with the
        optimizer's state at zero and, where mini-batches are drawn, with the order of epoch 0. Two calls are
        therefore one longer training only for full batches with ``optimizer="gd"``; to look in between, use
        `steps` or callbacks.

        Parameters
        ----------
        X : array of shape (n_x, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Targets: 0/1 for sigmoid, a 1 per column for softmax, numbers for identity.
        learning_rate : float
            α.
        iterations : int
            Epochs: with ``batch_size=None`` one update each, as in the lecture.
        batch_size : int, optional
            Examples an update; None for all of them (gradient descent as in the lecture).
        optimizer : str
            Update rule, a name in ``deepstep.equations.OPTIMIZERS``; its state begins at zero in each call.
            Or "lbfgs": SciPy's L-BFGS-B over θ with all examples at once; an iteration is one of its own,
            and the learning rate is not used.
        hyperparameters : mapping, optional
            Of the update rule, for example ``{"beta": 0.95}``; of L-BFGS ``tolerance`` (1e-5: done when no
            entry of the gradient is larger) and ``evaluations`` (15,000, of the cost, at most).
        sample_weight : array of shape (m,), optional
            Weight of each example in the loss, at least 0; a weight of 2 equals the column twice.
        order : callable, optional
            ``order(epoch, m)`` gives the order of the examples of that epoch; by default mini-batches are
            drawn anew in each epoch from (seed, epoch), and full batches are taken as they are.
        schedule, decay_schedule, dropout_schedule : str, mapping or callable, optional
            Factor of the learning rate, of the weight decay and of the dropout as a function of the fraction
            of training done: a name in ``deepstep.training.SCHEDULES`` such as "cosine", a mapping with
            settings such as ``{"name": "cosine", "warm_up": 0.1}``, or a function of t from 0 to 1.
        time_budget : float, optional
            Seconds after which training ends, if the epochs are not done before; the schedules run by the
            clock then, so that they complete.
        deterministic : bool
            Use one BLAS thread, so that the same bits come out on any number of cores.
        checkpoint : str, Path or Checkpoints, optional
            Folder for checkpoints, written every 30 seconds and at Ctrl-C, or
            ``deepstep.training.Checkpoints(folder, …)`` with other settings. A training that was killed at
            any instant goes on from the last one bit for bit, with the same network (its seed, too), settings
            and data, on the same machine.
        resume : bool, str or Path, optional
            Go on from a checkpoint: a file, or the newest whole one of a folder. True takes the newest of
            ``checkpoint``, and begins anew where there is none: the same call starts and goes on. The
            network's own parameters do not count then, and what the user's own functions compute cannot be
            compared.
        validation : tuple of arrays, optional
            ``(X, Y)`` or ``(X, Y, sample_weight)`` whose cost is recorded as ``validation_cost`` after each
            epoch.
        metrics : mapping, optional
            Names and functions ``(Y, AL) -> float`` of columns that are recorded as ``validation_…`` too.
        patience : int, optional
            End training after so many epochs in a row without a better value of ``watch``, and keep the
            parameters of the best epoch.
        watch : str, optional
            Entry of the records that patience watches, smaller is better; "-name" where larger is better. By
            default ``validation_cost``, or ``cost`` without validation data.
        progress : bool or str, optional
            Show progress on stderr; a string is its label.
        callbacks : iterable
            `deepstep.training.Callback` objects, or functions that take the record of each epoch.
        **settings
            `deepstep.engines.Settings` by name: ``l1``, ``l2``, ``weight_decay``, ``dropout``,
            ``input_noise``, ``max_norm``, ``clip_norm``, ``clip_value``, ``average``, ``rate_factors``,
            ``decay_factors``. ``seed``, of dropout and noise, is the network's unless given.

        Returns
        -------
        History
            ``history.costs`` holds J before each update (for mini-batches: the epoch's mean).

        Raises
        ------
        ShapeError, DataError, ConfigurationError
            If an argument does not fit, or the checkpoint is of another training; the network is as it was.
        FileError
            If there is no checkpoint to go on from, or checkpoints cannot be written from the beginning.
        DivergenceError
            If the cost leaves the finite numbers; the network is as it was.
        KeyboardInterrupt
            If interrupted; the network keeps what was reached, and ``history`` the records so far.

        Examples
        --------
        >>> net = Network([1, 1], initialization="zeros", seed=1)
        >>> history = net.train([[-1.0, 1.0]], [[0, 1]], learning_rate=1.0, iterations=3)
        >>> history.costs.round(3)
        array([0.693, 0.474, 0.348])
        """
        where = "Network.train"
        options = {
            "learning_rate": learning_rate,
            "iterations": iterations,
            "batch_size": batch_size,
            "order": order,
            "schedule": schedule,
            "decay_schedule": decay_schedule,
            "dropout_schedule": dropout_schedule,
            "time_budget": time_budget,
            "deterministic": deterministic,
            "optimizer": optimizer,
            "hyperparameters": hyperparameters or {},
            **settings,
        }
        lbfgs = as_lbfgs(options, where)
        if lbfgs is not None:
            refuse_checkpoints(checkpoint, resume, where)
        examples, plan, session = self._prepare(X, Y, sample_weight, options, where)
        held_out = None if validation is None else self._held_out(validation, f"{where}, validation")
        scores = [] if not metrics else [Scores(session, held_out, metrics, where)]
        stopping = as_patience(patience, watch, held_out, where)
        checkpoints = as_checkpoints(checkpoint, where)
        watchers = as_callbacks([*scores, *as_callbacks(callbacks, where), *stopping, *checkpoints], where)
        begin_at = as_checkpoint(resume, checkpoints, where)
        if not isinstance(progress, bool | str | None):
            raise ConfigurationError(
                where, "progress is True, False, a label or None", f"got {progress!r}", "Use callbacks=[…]."
            )
        if progress:
            watchers.append(Progress(progress if isinstance(progress, str) else "train"))
        history = History()
        try:
            if lbfgs is not None:
                with blas_threads(plan.deterministic):
                    train_lbfgs(
                        session,
                        examples,
                        iterations=plan.epochs,
                        validation=held_out,
                        callbacks=watchers,
                        history=history,
                        where=where,
                        **lbfgs,
                    )
            else:
                train(
                    session,
                    examples,
                    plan,
                    validation=held_out,
                    callbacks=watchers,
                    history=history,
                    resume=begin_at,
                    where=where,
                )
        except KeyboardInterrupt:
            self._take(session, history)
            raise
        self._take(session, history)
        for kept in stopping:
            if kept.best_parameters is not None:
                self.parameters, self.statistics = kept.best_parameters.copy(), dict(kept.best_statistics)
        return history

    def _take(self, session: Session, history: History) -> None:
        """What a session reached becomes the network's."""
        self.parameters, self.statistics = session.outcome, dict(session.state().statistics)
        self.history = history

    def steps(
        self,
        X: Any,
        Y: Any,
        *,
        learning_rate: float = 0.0075,
        iterations: int = 2500,
        sample_weight: Any = None,
        **options: Any,
    ) -> Iterator[Step]:
        """The same training as `train`, one update at a time: stop, look, go on.

        The network holds the new parameters at each step, and keeps them when the loop is left or a later
        step diverges. The training goes on from its own last step: it starts at the parameters that the
        network has when `steps` is called, and parameters set between two steps are overwritten by the next
        one. To go on from others, set them and call `steps` again. Writing into the numbers of
        ``network.parameters`` in place does take part in the training.

        Parameters
        ----------
        X, Y, learning_rate, iterations, sample_weight, **options
            As in `train`: ``batch_size``, ``order``, the optimizer, the schedules and the settings.

        Yields
        ------
        Step

        Raises
        ------
        ShapeError, DataError, ConfigurationError
            If an argument does not fit; at once, before the first step.
        DivergenceError
            If the cost or a parameter leaves the finite numbers; the network keeps the step before.

        Examples
        --------
        >>> net = Network([1, 2, 1], seed=1)
        >>> for step in net.steps([[0.0, 1.0]], [[0, 1]], learning_rate=0.5, iterations=100):
        ...     if step.cost < 0.5:
        ...         break
        >>> step.trace()["J"].value == step.cost
        True
        """
        where = "Network.steps"
        options |= {"learning_rate": learning_rate, "iterations": iterations}
        examples, plan, session = self._prepare(X, Y, sample_weight, options, where)
        return self._walk(updates(session, examples, plan, where=where), session)

    def _walk(self, walk: Iterator[Update], session: Session) -> Iterator[Step]:
        for update in walk:
            self.parameters, self.statistics = session.outcome, dict(session.state().statistics)
            yield Step(update, session.parameters, self.architecture, session.settings)

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
        X, Y, sample_weight
            As in `train`.
        least, most : float
            The first and the last rate.
        steps : int
            How many rates are tried.
        **options
            ``batch_size``, ``order``, ``optimizer``, ``hyperparameters`` and the settings of `train`.

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
        >>> rng = np.random.default_rng(1)
        >>> X = rng.standard_normal((2, 200))
        >>> net = Network([2, 8, 1], seed=1)
        >>> search = net.find_learning_rate(X, X[:1] * X[1:] > 0, batch_size=32, optimizer="adam")
        >>> 1e-3 < search.suggestion < 1
        True
        """
        where = "Network.find_learning_rate"
        options = {"learning_rate": least, "iterations": 1, **options}
        examples, plan, session = self._prepare(X, Y, sample_weight, options, where)
        return find_rate(
            session,
            examples,
            least=least,
            most=most,
            steps=steps,
            batch_size=plan.batch_size,
            order=plan.order,
            where=where,
        )

    def initialize_from_data(self, X: Any) -> None:
        """Draw new parameters with which each pre-activation has variance 1 over these inputs.

        The draws come from ``network.seed``: the same seed and inputs give the same parameters.

        Parameters
        ----------
        X : array of shape (n_x, m)
            Training inputs; a few thousand are enough.

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
        where, shape = "Network.initialize_from_data", self.architecture
        X = check_inputs(X, shape.n_inputs, where)
        drawn = initialize_from_data(
            X, shape.layer_dims, activations=shape.activations, rng=np.random.RandomState(self.seed)
        )
        self.parameters = finite_parameters(with_scales(drawn, shape.normalized), self.dtype)
        self.statistics = first_statistics(shape, self.dtype)

    def forward(self, X: Any) -> Array:
        """The output of the last layer.

        Parameters
        ----------
        X : array of shape (n_x, m)
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
        return self._forward(X, "Network.forward")

    def predict_proba(self, X: Any) -> Array:
        """Probabilities.

        Parameters
        ----------
        X : array of shape (n_x, m)
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
        where = "Network.predict_proba"
        found = probabilities(self.architecture, self._forward(X, where))
        if found is None:
            raise ConfigurationError(
                where,
                "an output that gives probabilities",
                f"this network's output is {self.architecture.output!r}",
                "Use predict.",
            )
        return found

    def predict(self, X: Any) -> AnyArray:
        """Answers.

        Parameters
        ----------
        X : array of shape (n_x, m)
            Inputs; a column is an example.

        Returns
        -------
        array
            Sigmoid: whole numbers (n_L, m), 1 where a probability is above ½. Softmax: the number of the most
            probable class, (1, m). Ordinal: the number of the class in the middle, (1, m). Else the numbers,
            (n_L, m).

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
        return answers(self.architecture, self._forward(X, "Network.predict"))

    def accuracy(self, X: Any, Y: Any) -> float:
        """Share of right answers.

        Parameters
        ----------
        X, Y : arrays of shape (n_x, m) and (n_L, m)
            Inputs and targets, as in `train`; for a sigmoid a target above ½ means yes.

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
        X, Y = self._check(X, Y, "Network.accuracy")
        if probabilities(self.architecture, Y) is None:
            raise ConfigurationError(
                "Network.accuracy",
                "an output that gives classes",
                f"this network's output is {self.architecture.output!r}",
                "Use cost.",
            )
        return float(np.mean(self.predict(X) == answers(self.architecture, Y)))

    def cost(self, X: Any, Y: Any, *, sample_weight: Any = None) -> float:
        """The cost J of the network that predicts, from the logits, without regularization.

        Parameters
        ----------
        X, Y : arrays of shape (n_x, m) and (n_L, m)
            Inputs and targets, as in `train`.
        sample_weight : array of shape (m,), optional
            Weight of each example.

        Returns
        -------
        J : float

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
        X, Y = self._check(X, Y, "Network.cost")
        weight = self._weight(sample_weight, X.shape[1], "Network.cost")
        return self._session("Network.cost").cost(X, Y, sample_weight=weight)

    def gradients(self, X: Any, Y: Any) -> dict[str, Array]:
        """The derivatives at the parameters as they are; nothing is updated.

        Batch normalization uses the batch's own statistics, as in training; there is no dropout.

        Parameters
        ----------
        X, Y : arrays of shape (n_x, m) and (n_L, m)
            Inputs and targets, as in `train`.

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
        X, Y = self._check(X, Y, "Network.gradients")
        shape = self.architecture
        AL, caches = model_forward(
            X, self.parameters, activations=shape.activations, normalization=shape.normalization
        )
        return model_backward(AL, Y, caches, activations=shape.activations, output=shape)

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
        X, Y : arrays of shape (n_x, m) and (n_L, m)
        learning_rate, sample_weight, **settings
            As in `train`: ``optimizer``, ``hyperparameters``, ``l2``, ``dropout``, …; the optimizer's state
            is that of its first step.

        Returns
        -------
        Trace

        Examples
        --------
        >>> net = Network([2, 1], initialization="zeros", seed=1)
        >>> net.trace([[1.0], [2.0]], [[1]], learning_rate=0.5)["W1′"].value
        array([[0.25, 0.5 ]])
        """
        where = "Network.trace"
        X, Y = self._check(X, Y, where)
        chosen = Settings.of(where, **{"seed": self.seed, **settings})
        return trace_step(
            self.architecture,
            self.parameters,
            X,
            Y,
            learning_rate=check_learning_rate(learning_rate),
            settings=chosen,
            state=self._session(where, chosen).state(),
            sample_weight=self._weight(sample_weight, X.shape[1], where),
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
        X, Y : arrays of shape (n_x, m) and (n_L, m)
        gradients : mapping, optional
            Gradients to check instead of the network's own: a learner's dW1, db1, …
        epsilon, order, tolerance, max_entries
            As in `deepstep.inspection.check_gradients`.
        sample_weight, **settings
            As in `train`: ``l1`` and ``l2`` stand in the cost; with ``dropout`` and ``input_noise`` the
            masks and the noise of the first step stay as they are. Other settings make no difference.

        Returns
        -------
        GradientReport
            Per parameter the worst entry and the verdict; if wrong, the classic fault that explains it.

        Examples
        --------
        >>> net = Network([2, 3, 1], activation="tanh", seed=1)
        >>> net.check_gradients([[1.0, 2.0], [0.5, -1.0]], [[0, 1]]).passed
        True
        """
        where = "Network.check_gradients"
        X, Y = self._check(X, Y, where)
        return check_gradients(
            self.architecture,
            self.parameters,
            X,
            Y,
            gradients=gradients,
            sample_weight=self._weight(sample_weight, X.shape[1], where),
            settings=Settings.of(where, **{"seed": self.seed, **settings}),
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
        rows = [("0", "input", str(self.architecture.n_inputs), "", "", "0")]
        for layer in range(1, self.architecture.n_layers + 1):
            W, b = self.parameters[f"W{layer}"], self.parameters[f"b{layer}"]
            n = str(W.shape[0])
            size = W.size + b.size * (1 + (layer in self.architecture.normalized))
            rows.append((str(layer), self._described(layer), n, str(W.shape), str(b.shape), f"{size:,}"))
        table = text_table(("layer", "activation", "units", "W", "b", "parameters"), rows)
        return f"{table}\n{self.architecture.n_parameters:,} parameters, {self.dtype}"

    def save(self, path: str | Path) -> None:
        """Write the network to a safetensors file; an old file stays whole until the new one is complete.

        Architecture, parameters, dtype and seed are kept; the history and the engine are not.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        FileError
            If it cannot be written; what stood there before is untouched.

        Examples
        --------
        >>> import tempfile
        >>> net = Network([2, 4, 1], seed=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     net.save(f"{folder}/net.safetensors")
        ...     Network.load(f"{folder}/net.safetensors").parameters == net.parameters
        True
        """
        save_model(path, self.architecture, self.parameters, {"seed": self.seed}, self.statistics)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a network that `save` wrote; nothing in the file is executed.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Network

        Raises
        ------
        FileError
            If the file is missing, damaged, or no DeepStep model.

        Examples
        --------
        >>> Network.load("no/such/file.safetensors")
        Traceback (most recent call last):
        deepstep.errors.FileError: no/such/file.safetensors: a model file; there is none.
        """
        architecture, parameters, notes, statistics = load_model(path)
        try:
            return cls._of(architecture, parameters, statistics, seed=notes.get("seed"))
        except (DeepStepError, RecursionError) as error:  # RecursionError: settings that are nested too deep
            came = f"it does not fit: {error!s:.300}"
            raise FileError(str(path), "a whole DeepStep model", came) from None

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
        >>> net = Network.from_sklearn(estimator)
        >>> np.allclose(net.predict([[0.0, 1.0, 2.0]]), estimator.predict(X))
        True
        """
        return cls._of(*from_sklearn(estimator, "Network.from_sklearn"))

    @classmethod
    def from_torch(
        cls, module: Any, *, output: str | None = None, output_settings: Mapping[str, Any] | None = None
    ) -> Self:
        """The network of a torch module; ``module.eval()`` and it give the same outputs.

        Parameters
        ----------
        module : torch.nn.Sequential
            Of Linear, each followed by at most one BatchNorm1d or LayerNorm and at most one activation that
            DeepStep has. Dropout, Flatten and Identity are passed over: give ``dropout`` to `train`.
        output : str, optional
            The head, as in `Network`. By default it is that of the activation at the end: "sigmoid" for a
            Sigmoid, "softmax" for a Softmax, "identity" for a Linear alone. A module that ends with Linear
            and was trained with a loss by its logits (``BCEWithLogitsLoss``, ``CrossEntropyLoss``) is
            "sigmoid" or "softmax": say so here.
        output_settings : mapping, optional
            Settings of the head.

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
        return cls._of(*torch_conversion(where).from_torch(module, output, output_settings or {}, where))

    def to_torch(self, *, logits: bool = False) -> "nn.Sequential":
        """A torch module that gives the same outputs, for rows.

        Parameters
        ----------
        logits : bool
            End with the last Linear, for losses by the logits and for exports: the output's own activation is
            left out.

        Returns
        -------
        torch.nn.Sequential
            In evaluation mode, of this network's precision, with copies of its numbers: Linear, BatchNorm1d
            or LayerNorm, activation for each layer. The outputs "poisson", "quantile" and "ordinal" end with
            a module of DeepStep's own.

        Raises
        ------
        ConfigurationError
            If an activation is your own.
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
        network = Converted(self.architecture, self.parameters, self.statistics)
        module: nn.Sequential = torch_conversion(where).to_torch(network, logits=logits, where=where)
        return module

    @classmethod
    def _of(
        cls,
        architecture: Architecture,
        parameters: Parameters,
        statistics: Mapping[str, Array],
        *,
        seed: Any = None,
    ) -> Self:
        """A network of these parts."""
        get_head(architecture, "Network")  # the last activation is the head's, and is not given below
        network = cls(
            architecture.layer_dims,
            activation=architecture.activations[:-1],
            output=architecture.output,
            output_settings=architecture.output_settings,
            normalization=architecture.normalization,
            parameters=parameters,
            dtype=parameters.dtype,
            seed=seed,
        )
        network.statistics = finite_statistics(statistics, parameters.dtype)
        return network

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64 or float32."""
        return self.parameters.dtype

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.architecture.layer_dims))
        names = ", ".join(self._described(layer) for layer in range(1, self.architecture.n_layers + 1))
        return f"Network({sizes}: {names}; {self.architecture.n_parameters:,} parameters, {self.dtype})"

    def _described(self, layer: int) -> str:
        """A layer's activation with its normalization; of the last one the head."""
        shape = self.architecture
        if layer == shape.n_layers:
            return shape.output
        kind = shape.normalization[layer - 1]
        return (
            shape.activations[layer - 1] if kind == "none" else f"{kind} norm, {shape.activations[layer - 1]}"
        )

    def _session(self, where: str, settings: Settings | None = None) -> Session:
        return open_session(
            self.engine, self.architecture, self.parameters, settings, statistics=self.statistics, where=where
        )

    def _prepare(
        self, X: Any, Y: Any, sample_weight: Any, options: dict[str, Any], where: str
    ) -> tuple[Examples, Plan, Session]:
        """What a training needs, all of it checked before the first step."""
        X, Y = self._check(X, Y, where)
        check_several_classes(Y, get_head(self.architecture), where)
        plan = as_plan(options, self.seed, where)
        get_optimizer(options.get("optimizer", "gd"), where)
        settings = Settings.of(where, **{"seed": self.seed, **options})
        weight = self._weight(sample_weight, X.shape[1], where)
        return _examples(X, Y, weight, plan), plan, self._session(where, settings)

    def _weight(self, sample_weight: Any, m: int, where: str) -> Array | None:
        return None if sample_weight is None else check_weights(sample_weight, m, where, dtype=self.dtype)

    def _forward(self, X: Any, where: str) -> Array:
        X = check_inputs(X, self.architecture.n_inputs, where, dtype=self.dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused below
            AL = self._session(where).forward(X)
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


def _examples(X: Array, Y: Array, weight: Array | None, plan: Plan) -> Examples:
    """Columns turned to rows: a view for full batches, rows that lie together where batches are gathered."""
    if plan.batch_size is None:
        return Examples(X.T, Y.T, weight)
    return Examples(np.ascontiguousarray(X.T), np.ascontiguousarray(Y.T), weight)
