"""The methods: each takes training rows and test inputs, and returns predictions for the latter.

Classes: probabilities, a column for each class of the training rows in sorted order. Numbers: the numbers.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

THREADS = int(os.environ.get("OMP_NUM_THREADS") or 2)


def scikit_learn(X: pd.DataFrame, y: Any, X_test: pd.DataFrame, classes: bool, seed: int) -> Any:
    """scikit-learn's network in its usual pipeline: filled, standardized, one-hot; all else as it comes."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    network: Any = MLPClassifier(random_state=seed) if classes else MLPRegressor(random_state=seed)
    return in_the_usual_pipeline(network, X, y, X_test, classes)


def in_the_usual_pipeline(network: Any, X: pd.DataFrame, y: Any, X_test: pd.DataFrame, classes: bool) -> Any:
    """A network with scikit-learn's interface on columns that are numbers."""
    from sklearn.compose import TransformedTargetRegressor, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers, texts = _kinds(X)
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (
            make_pipeline(
                SimpleImputer(strategy="constant", fill_value="missing"),
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            ),
            texts,
        ),
    )
    if not classes:  # without this scikit-learn's network does not learn targets in the thousands
        network = TransformedTargetRegressor(network, transformer=StandardScaler())
    return _predicted(make_pipeline(columns, network).fit(_plain(X), y), _plain(X_test), classes)


def catboost(X: pd.DataFrame, y: Any, X_test: pd.DataFrame, classes: bool, seed: int) -> Any:
    """CatBoost as it comes, told which columns are texts."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    _, texts = _kinds(X)
    kind = CatBoostClassifier if classes else CatBoostRegressor
    model = kind(
        random_seed=seed, thread_count=THREADS, verbose=False, allow_writing_files=False, cat_features=texts
    )
    return _predicted(model.fit(_filled(X, texts), y), _filled(X_test, texts), classes)


def lightgbm(X: pd.DataFrame, y: Any, X_test: pd.DataFrame, classes: bool, seed: int) -> Any:
    """LightGBM as it comes; texts are categories, columns have no names, of which it refuses some."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    _, texts = _kinds(X)
    parts = _filled(X, texts), _filled(X_test, texts)
    _as_categories(*parts, texts)
    X, X_test = (part.set_axis([f"x{j}" for j in range(part.shape[1])], axis="columns") for part in parts)
    kind = LGBMClassifier if classes else LGBMRegressor
    model = kind(random_state=seed, n_jobs=THREADS, verbosity=-1)
    return _predicted(model.fit(X, y), X_test, classes)


def realmlp(X: pd.DataFrame, y: Any, X_test: pd.DataFrame, classes: bool, seed: int) -> Any:
    """pytabkit's RealMLP-TD as it comes; missing numbers are filled with the mean and marked."""
    return _pytabkit("RealMLP_TD", X, y, X_test, classes, seed)


def realmlp_simple(X: pd.DataFrame, y: Any, X_test: pd.DataFrame, classes: bool, seed: int) -> Any:
    """pytabkit's RealMLP-TD-S as it comes."""
    return _pytabkit("RealMLP_TD_S", X, y, X_test, classes, seed)


def _pytabkit(name: str, X: pd.DataFrame, y: Any, X_test: pd.DataFrame, classes: bool, seed: int) -> Any:
    import pytabkit
    import torch

    torch.set_num_threads(THREADS)
    numbers, texts = _kinds(X)
    X, X_test, mean = _filled(X, texts), _filled(X_test, texts), X[numbers].mean()
    holes = [name for name in numbers if X[name].isna().any()]
    for part in (X, X_test):
        for hole in holes:
            part[f"{hole} missing"] = part[hole].isna().map({True: "yes", False: "no"}).astype(object)
        part[numbers] = part[numbers].fillna(mean)
    texts = [*texts, *(f"{hole} missing" for hole in holes)]
    _as_categories(X, X_test, texts)
    kind = getattr(pytabkit, f"{name}_{'Classifier' if classes else 'Regressor'}")
    model = kind(random_state=seed, device="cpu", n_threads=THREADS, verbosity=0)
    model.fit(X, y, cat_col_names=texts)
    return _predicted(model, X_test, classes)


def ours(X: pd.DataFrame, y: Any, X_test: pd.DataFrame, classes: bool, seed: int, **parameters: Any) -> Any:
    """Our estimators as they come; with other parameters, where they are given."""
    from deepstep import DeepClassifier, DeepRegressor

    model: Any = (DeepClassifier if classes else DeepRegressor)(random_state=seed, **parameters)
    return _predicted(model.fit(X, y), X_test, classes)


def one_network(X: pd.DataFrame, y: Any, X_test: pd.DataFrame, classes: bool, seed: int) -> Any:
    """Our network with scikit-learn's parameters, where scikit-learn's network is."""
    from deepstep import NetworkClassifier, NetworkRegressor

    model = (NetworkClassifier if classes else NetworkRegressor)(random_state=seed)
    return in_the_usual_pipeline(model, X, y, X_test, classes)


METHODS: dict[str, Callable[..., Any]] = {
    "ours": ours,
    "scikit-learn": scikit_learn,
    "CatBoost": catboost,
    "LightGBM": lightgbm,
    "RealMLP-TD": realmlp,
    "RealMLP-TD-S": realmlp_simple,
}
PACKAGES: dict[str, str] = {
    "scikit-learn": "scikit-learn",
    "CatBoost": "catboost",
    "LightGBM": "lightgbm",
    "RealMLP-TD": "pytabkit",
    "RealMLP-TD-S": "pytabkit",
}
"""The package of each peer: with another version its results are others."""


def _predicted(model: Any, X: pd.DataFrame, classes: bool) -> Any:
    if not classes:
        return np.ravel(model.predict(X))
    order = np.argsort(np.asarray(model.classes_).astype(str))
    return np.asarray(model.predict_proba(X), dtype=float)[:, order]


def _as_categories(X: pd.DataFrame, X_test: pd.DataFrame, texts: list[str]) -> None:
    """Texts become categories, in place: those of the training rows; a test row's other texts are missing."""
    for text in texts:
        known = pd.CategoricalDtype(sorted(X[text].unique()))
        X[text], X_test[text] = X[text].astype(known), X_test[text].astype(known)


def _kinds(X: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Names of the numbers (with truth values) and of the texts."""
    texts = [name for name in X.columns if not pd.api.types.is_numeric_dtype(X[name])]
    return [name for name in X.columns if name not in texts], texts


def _plain(X: pd.DataFrame) -> pd.DataFrame:
    """Truth values as numbers."""
    truths = X.select_dtypes(bool).columns
    return X.astype(dict.fromkeys(truths, float))


def _filled(X: pd.DataFrame, texts: list[str]) -> pd.DataFrame:
    """A copy in which a missing text is a text."""
    X = _plain(X)
    return X.assign(**{name: X[name].where(X[name].notna(), "missing").astype(str) for name in texts})
