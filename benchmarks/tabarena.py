"""Our estimators as a model of TabArena, on its tables and beside its leaderboard.

Needs Python 3.11 or newer, an environment of its own and, but for ``--offline``, the network:

    pip install tabarena==0.1.0 && pip install -e .
    python benchmarks/tabarena.py --output runs/tabarena --offline   # two small tables of scikit-learn
    python benchmarks/tabarena.py --output runs/tabarena --tables QSAR_fish_toxicity anneal
    python benchmarks/tabarena.py --output runs/tabarena             # first split of all tables
    python benchmarks/tabarena.py --output runs/tabarena --bagged    # TabArena's eight folds around ours

Without ``--bagged`` a fit sees all training rows once: the estimator makes folds of its own. Jobs run in this
process, one after another. AutoGluon's own example of a custom model describes the interface:
https://auto.gluon.ai/stable/tutorials/tabular/advanced/tabular-custom-model.html
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# This file has the name of the package that it needs.
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import sklearn.datasets  # noqa: E402
from autogluon.core.models import AbstractModel  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402
from tabarena.benchmark.experiment import TabArenaV0pt1ExperimentBundle  # noqa: E402
from tabarena.benchmark.task import UserTask  # noqa: E402
from tabarena.benchmark.task.metadata import TaskMetadataCollection  # noqa: E402
from tabarena.contexts import AbstractArenaContext, TabArenaContext  # noqa: E402
from tabarena.utils.config_utils import ConfigGenerator  # noqa: E402


class DeepStepModel(AbstractModel):
    """``DeepClassifier`` or ``DeepRegressor``; hyperparameters are its parameters."""

    ag_key = "DEEPSTEP"
    ag_name = "DeepStep"
    seed_name = "random_state"

    def _fit(
        self,
        X: pd.DataFrame,
        y: pd.Series,
        time_limit: float | None = None,
        num_cpus: int = 1,
        **kwargs: Any,
    ) -> None:
        """Fit on X and y; a validation set stays unused, since the estimator makes folds of its own."""
        from deepstep import DeepClassifier, DeepRegressor

        kind: Any = DeepRegressor if self.problem_type == "regression" else DeepClassifier
        given = {"n_jobs": num_cpus, "time_budget": time_limit, **self._get_model_params()}
        X = self.preprocess(X, y=y, is_train=True)
        self.model = kind(**given).fit(X, np.asarray(y))

    def _preprocess(self, X: pd.DataFrame, **kwargs: Any) -> pd.DataFrame:
        """Categories as texts, with None where they are missing; numbers, with their holes, as they are."""
        X = super()._preprocess(X, **kwargs)
        categories = X.select_dtypes("category").columns
        return X.assign(
            **{
                name: X[name].astype(object).map(str, na_action="ignore").where(X[name].notna(), None)
                for name in categories
            }
        )

    def _predict_proba(self, X: pd.DataFrame, **kwargs: Any) -> np.ndarray:
        """Numbers, probabilities of the second of two classes, or a column for each class."""
        X = self.preprocess(X, **kwargs)
        if self.problem_type == "regression":
            return np.asarray(self.model.predict(X))
        found = np.asarray(self.model.predict_proba(X))
        if self.problem_type == "binary":
            return found[:, 1]
        whole = np.zeros((len(found), self.num_classes or found.shape[1]))
        whole[:, np.asarray(self.model.classes_, dtype=int)] = found  # a fold may lack a class
        return whole

    def _get_default_auxiliary_params(self) -> dict[str, Any]:
        kinds = {"valid_raw_types": ["bool", "int", "float", "category"]}
        return {**super()._get_default_auxiliary_params(), **kinds}

    @classmethod
    def supported_problem_types(cls) -> list[str]:
        """All but quantiles."""
        return ["binary", "multiclass", "regression"]


def own_tasks(folder: Path) -> tuple[AbstractArenaContext, list[UserTask]]:
    """Two tables of scikit-learn as tasks, which need no network: wine's classes and diabetes's numbers."""
    tasks, described = [], []
    for name, kind in (("wine", "classification"), ("diabetes", "regression")):
        frame = getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame
        classes = frame["target"] if kind == "classification" else None
        rows = train_test_split(list(range(len(frame))), test_size=0.3, random_state=0, stratify=classes)
        task = UserTask(task_name=name, task_cache_path=folder)
        whole = task.create_task(
            dataset=frame, target_feature="target", problem_type=kind, splits={0: {0: tuple(rows)}}
        )
        task.save_task(whole)
        tasks.append(task)
        described.append(whole.metadata)
    collection = TaskMetadataCollection.from_source(described)
    return AbstractArenaContext(task_metadata=collection, methods=[]), tasks


def main(arguments: Sequence[str] | None = None) -> None:
    """Run on first splits and print the leaderboard with ours in it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", help="names of tables; without: all")
    parser.add_argument("--bagged", action="store_true", help="TabArena's folds around ours")
    parser.add_argument("--offline", action="store_true", help="two tables of scikit-learn, to try it")
    parser.add_argument("--output", type=Path, required=True, help="folder of results")
    asked = parser.parse_args(arguments)
    ours = ConfigGenerator(model_cls=DeepStepModel, manual_configs=[{}], search_space={})
    models = [(ours, 0), *([("RandomForest", 0)] if asked.offline else [])]
    experiments = TabArenaV0pt1ExperimentBundle(
        models=models, outer_experiments=not asked.bagged
    ).build_experiments()
    if asked.offline:
        context, tasks = own_tasks(asked.output / "tasks")
        chosen: dict[str, Any] = {"user_tasks": tasks}
    else:
        context = TabArenaContext()
        chosen = {"subset": "lite", "build_kwargs": {"dataset_names": asked.tables} if asked.tables else None}
    context.build_and_run_jobs(
        experiments,
        expname=str(asked.output / "experiments"),
        new_result_prefix="[New] ",
        debug_mode=True,  # in this process: workers could not import a class of a script
        **chosen,
    )
    leaderboard, results = context.compare(output_dir=None, return_results=True)
    results.to_csv(asked.output / "results.csv", index=False)
    print(leaderboard.to_string())


if __name__ == "__main__":
    main()
