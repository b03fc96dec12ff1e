"""The course of a training of a `Network`: it runs, is judged, and what it reached is taken."""

from collections.abc import Mapping
from typing import Any

from deepstep.engines import Session
from deepstep.errors import ConfigurationError, DivergenceError
from deepstep.model.core import Core
from deepstep.preparation.batches import Examples
from deepstep.preparation.streams import StreamedExamples
from deepstep.training import Callback, Checkpoint, History, Plan, train
from deepstep.training.determinism import blas_threads
from deepstep.training.judging import Judge
from deepstep.training.lbfgs import train_lbfgs
from deepstep.training.refit import epochs_to_the_best
from deepstep.training.scores import Metric
from deepstep.training.stopping import Patience


class Course(Core):
    """The part of `Network` that runs one training."""

    def _judges(self, scoring: Any, held_out: Examples | None, where: str) -> list[Judge]:
        """What scores the validation data, if that is asked for."""
        if scoring is None:
            return []
        if held_out is None:
            raise ConfigurationError(
                where,
                "validation data, where scoring is given",
                f"got scoring={scoring!r:.60} alone",
                "Pass validation=(X, Y), or validation_fraction=0.1.",
            )
        from deepstep.model.scoring import judge

        return [judge(self, scoring, held_out, where)]  # type: ignore[arg-type]  # every Network answers

    def _run(
        self,
        session: Session,
        examples: Examples | StreamedExamples,
        *,
        plan: Plan,
        lbfgs: dict[str, Any] | None,
        seed: int,
        callbacks: list[Callback],
        begin_at: Checkpoint | None,
        where: str,
        held_out: Examples | None = None,
        metrics: Mapping[str, Metric] | None = None,
    ) -> History:
        """One training; where it is ended by Ctrl-C, or somebody's callback, what was reached is kept."""
        history = History()
        same: dict[str, Any] = {
            "validation": held_out,
            "metrics": metrics,
            "callbacks": callbacks,
            "history": history,
            "where": where,
        }
        try:
            if lbfgs is not None:
                if isinstance(examples, StreamedExamples):
                    raise ConfigurationError(
                        where,
                        "an update rule that learns from batches, where rows are streamed",
                        "got L-BFGS",
                    )
                with blas_threads(plan.deterministic):
                    train_lbfgs(session, examples, iterations=plan.epochs, **same, **lbfgs)
            else:
                train(session, examples, plan, resume=begin_at, **same)
        except DivergenceError:
            raise
        except BaseException as error:
            begun = (0, 0) if begin_at is None else (begin_at.state.step, len(begin_at.records))
            if (session.state().step, len(history)) != begun:
                history.stopped = history.stopped or f"ended by {type(error).__name__}"
                self._take(session, history, seed)
            raise
        return history

    def _take(self, session: Session, history: History, seed: int, *stopping: Patience) -> None:
        """What a session reached becomes the network's, or the best of it that patience kept."""
        self.parameters, self.statistics = session.outcome, dict(session.state().statistics)
        self.history, self.stopping_history, self.seed = history, None, seed
        self.best_epochs = None
        for kept in stopping:
            self.best_epochs = epochs_to_the_best(history, kept)
            if kept.best_parameters is not None:
                self.parameters, self.statistics = kept.best_parameters.copy(), dict(kept.best_statistics)
