"""How a `Network` learns: the arguments of train, and what comes after what."""

import warnings
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from deepstep.errors import ConfigurationError
from deepstep.inspection.faults import get_fault
from deepstep.model.course import Course
from deepstep.model.options import as_lbfgs, as_patience, as_progress
from deepstep.model.refitting import check_refit
from deepstep.model.resuming import as_places, refuse_checkpoints
from deepstep.preparation.batches import Order
from deepstep.training import Checkpoints, History
from deepstep.training.callbacks import as_callbacks
from deepstep.training.refit import Repeat, epochs_to_the_best
from deepstep.training.scores import Metric


def refuse_beside_a_fault(
    engine: str, lbfgs: bool, checkpoint: Any, resume: Any, refit: bool, where: str
) -> None:
    """Refuse what a training with a mistake in it does not do."""
    besides = {
        f"engine={engine!r}": engine not in ("auto", "reference"),
        "optimizer='lbfgs'": lbfgs,
        "checkpoint": checkpoint is not None,
        "resume": resume not in (None, False),
        "refit": refit,
    }
    for name, given in besides.items():
        if given:
            expected = "fault alone: it is for teaching, on the reference engine"
            raise ConfigurationError(where, expected, f"got {name} beside it")


class Teachable(Course):
    """The part of `Network` that learns."""

    def train(
        self,
        X: Any,
        Y: Any = None,
        *,
        learning_rate: float = 0.0075,
        iterations: int = 2500,
        batch_size: int | None = None,
        optimizer: str = "gd",
        hyperparameters: Mapping[str, Any] | None = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        order: Order | None = None,
        schedule: Any = None,
        decay_schedule: Any = None,
        dropout_schedule: Any = None,
        time_budget: float | None = None,
        deterministic: bool = False,
        checkpoint: str | Path | Checkpoints | None = None,
        resume: bool | str | Path | None = None,
        validation: tuple[Any, ...] | None = None,
        validation_fraction: float | None = None,
        metrics: Mapping[str, Metric] | None = None,
        scoring: Any = None,
        patience: int | None = None,
        watch: str | None = None,
        refit: bool = False,
        progress: bool | str | None = None,
        callbacks: Iterable[Any] = (),
        fault: str | None = None,
        **settings: Any,
    ) -> History:
        """Train the network from its parameters as they are.

        An iteration is an epoch: one pass over the examples. Each call begins anew with epoch 0: with the
        optimizer's state at zero and, where mini-batches are drawn, with the order of epoch 0. Two calls are
        therefore one longer training only for full batches with ``optimizer="gd"``; to look in between, use
        `steps` or callbacks.

        Parameters
        ----------
        X : array of shape (n_x, m), or StreamedExamples
            Inputs; a column is an example. Examples that stay in files
            (`deepstep.preparation.streams.StreamedExamples`) have their targets and weights themselves.
        Y : array of shape (n_L, m)
            Targets, by the output: 0 and 1 for "sigmoid"; a 1 in each column for "softmax"; numbers for
            "identity", "absolute_error" and "huber"; numbers of at least 0, such as counts, for "poisson";
            for "quantile" one row of numbers, (1, m), of which the n_L outputs are the quantiles; for
            "ordinal" with K classes in their order the K - 1 rows 1{y > k}, cumulative: class 2 of 4, counted
            from 0, is the column 1, 1, 0.
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
        class_weight : "balanced" or mapping, optional
            Weights of the classes by their numbers from 0 (of yes/no outputs 0 and 1), 1 for those left out,
            by which the weights of their examples are multiplied, those of validation data, too. "balanced":
            n / (n_classes · count), counted with the sample weights in what is learned from, not in what is
            held out. Several yes/no outputs are weighed each by itself; a list has a mapping for each.
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
            any instant goes on from the last one bit for bit, with the same network, settings and data, on
            the same machine.
        resume : bool, str or Path, optional
            Go on from a checkpoint: a file, or the newest whole one of a folder. True takes the newest of
            ``checkpoint``, and begins anew where there is none: the same call starts and goes on. The
            network's own parameters do not count then, nor its seed where none was given; ``iterations`` may
            be others, unless a schedule is a function of the fraction done. What the user's own functions
            compute cannot be compared. See also `from_checkpoint`.
        validation : tuple of arrays, optional
            ``(X, Y)`` or ``(X, Y, sample_weight)`` whose cost is recorded as ``validation_cost`` after each
            epoch.
        validation_fraction : float, optional
            Hold so large a part of the examples out for that, drawn from the seed; classes in proportion.
        metrics : mapping, optional
            Names and functions ``(Y, AL) -> float`` of columns that are recorded as ``validation_…`` too.
        scoring : str or callable, optional
            Metric of the validation data, recorded as ``validation_score``: one of scikit-learn's by name,
            such as "balanced_accuracy", a ``scorer(estimator, X, y)`` of rows, in which classes are their
            numbers from 0, or "loss" for minus the cost. Larger is better, and patience goes by it.
        patience : int, optional
            End training after so many epochs in a row without a better value of ``watch``, and keep the
            parameters of the best epoch.
        watch : str, optional
            Entry of the records that patience watches, smaller is better; "-name" where larger is better. By
            default ``-validation_score`` where there is a scoring, else ``validation_cost``, or ``cost``
            without validation data.
        refit : bool
            After ``patience`` train anew, from the same start, on the training and the validation data
            together, for as many epochs as it took to the best one; ``stopping_history`` is that of the first
            training then, ``history`` of the second. Not with ``time_budget`` or a plateau, whose rates do
            not come again. Callbacks see both trainings.
        progress : bool or str, optional
            Show progress on stderr; a string is its label.
        callbacks : iterable
            `deepstep.training.Callback` objects, or functions that take the record of each epoch.
        fault : str, optional
            For teaching only: train with a classic mistake in the backward pass of every layer, such as
            "lost 1/m" or "sign of dW" (a name in ``deepstep.inspection.FAULTS``, or "derivative of relu"),
            by the reference engine and without checkpoints.
        **settings
            `deepstep.engines.Settings` by name: ``l1``, ``l2``, ``weight_decay``, ``dropout``,
            ``input_noise``, ``max_norm``, ``clip_norm``, ``clip_value``, ``average``, ``rate_factors``,
            ``decay_factors``, ``precision``. ``seed``, of dropout and noise, is the network's unless given.

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
            If the cost leaves the finite numbers; the network is as it was.
        KeyboardInterrupt, or what a callback or another function of one's own raises
            Ctrl-C once the step is done, the other at once; the network keeps what was reached, and
            ``history`` the records so far.

        Examples
        --------
        >>> from deepstep import Network
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
            "class_weight": class_weight,
            **settings,
        }
        lbfgs = as_lbfgs(options, where)
        if lbfgs is not None:
            refuse_checkpoints(checkpoint, resume, where)
        if not isinstance(refit, bool):
            raise ConfigurationError(where, "refit is True or False", f"got {refit!r}")
        if validation is not None and validation_fraction is not None:
            raise ConfigurationError(where, "validation or validation_fraction", "got both")
        mistake = None if fault is None else get_fault(fault, where)
        if mistake is not None:
            refuse_beside_a_fault(self.engine, lbfgs is not None, checkpoint, resume, refit, where)
        first, second = as_places(checkpoint, resume, refit, where)
        found = first.begin_at or second.begin_at  # a short first training leaves no checkpoint
        seed = found.seed if found is not None and self._seed_is_drawn else self.seed
        prepared = self._prepare(
            X,
            Y,
            sample_weight,
            options,
            where,
            seed=seed,
            validation=validation,
            validation_fraction=validation_fraction,
            mistake=mistake,
        )
        judges = self._judges(scoring, prepared.held_out, where)
        stopping = as_patience(patience, watch, prepared.held_out, where, scored=bool(judges))
        own = as_callbacks(callbacks, where)
        shown = as_progress(progress, where)
        if refit:
            check_refit(stopping, prepared.held_out, prepared.plan, own, where)
        run = partial(self._run, plan=prepared.plan, lbfgs=lbfgs, seed=seed, where=where)
        history = run(
            prepared.session,
            prepared.examples,
            held_out=prepared.held_out,
            metrics=metrics,
            callbacks=[*judges, *own, *stopping, *first.checkpoints, *shown],
            begin_at=first.begin_at,
        )
        for kept in stopping:
            if blind := kept.blind(history):
                warnings.warn(
                    f"{where}: {blind}. Patience found no best one, and the parameters of the last are kept.",
                    stacklevel=2,
                )
        best = epochs_to_the_best(history, stopping[0]) if refit else 0
        if not best:
            self._take(prepared.session, history, seed, *stopping)
            return history
        session = self._session(where, prepared.session.settings, prepared.start)
        callbacks = [*own, Repeat(best), *second.checkpoints, *shown]
        again = run(session, prepared.everything(), callbacks=callbacks, begin_at=second.begin_at)
        self._take(session, again, seed)
        self.stopping_history = history
        return again
