"""Models of scikit-learn on disk: an archive of skops for each, of which only known types are read.

skops (https://skops.readthedocs.io) stores arrays and the states of objects, and no code. An archive is read
where its types are those of the table below, and where the nodes of its trees lead on to other nodes.
"""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import numpy as np
import sklearn

from deepstep.errors import FileError, missing_package
from deepstep.estimators.ensemble import FoldPreprocessor
from deepstep.estimators.ensemble_file import other_files
from deepstep.estimators.mixed import KINDS, KNOWN, SklearnMember, one_for_each_target
from deepstep.estimators.solvers import warn_the_caller
from deepstep.types import AnyArray

Entries = Mapping[str, Any]

ASKED = ("sklearn.tree._tree.Tree", "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor")
"""Types that skops reads where it is asked to."""

TYPES = {
    "builtins": ("dict", "list", "str", "tuple"),
    "numpy": ("bool", "float32", "float64", "int32", "int64", "intp", "ndarray", "uint8", "uint32", "uint64"),
    "numpy.random._generator": ("Generator",),
    "sklearn._loss._loss": ("CyHalfBinomialLoss", "CyHalfMultinomialLoss", "CyHalfSquaredError"),
    "sklearn._loss.link": ("IdentityLink", "Interval", "LogitLink", "MultinomialLogit"),
    "sklearn._loss.loss": ("HalfBinomialLoss", "HalfMultinomialLoss", "HalfSquaredError"),
    "sklearn.ensemble._forest": ("ExtraTreesClassifier", "ExtraTreesRegressor"),
    "sklearn.ensemble._hist_gradient_boosting.binning": ("_BinMapper",),
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting": (
        "HistGradientBoostingClassifier",
        "HistGradientBoostingRegressor",
    ),
    "sklearn.ensemble._hist_gradient_boosting.predictor": ("TreePredictor",),
    "sklearn.kernel_approximation": ("Nystroem",),
    "sklearn.linear_model._logistic": ("LogisticRegression",),
    "sklearn.linear_model._ridge": ("RidgeCV",),
    "sklearn.multioutput": ("MultiOutputRegressor",),
    "sklearn.pipeline": ("Pipeline",),
    "sklearn.preprocessing._label": ("LabelEncoder",),
    "sklearn.tree._classes": ("ExtraTreeClassifier", "ExtraTreeRegressor"),
    "sklearn.tree._tree": ("Tree",),
}
"""Types that a file may have, by module."""

READERS = {
    "CachedNode", "DictNode", "JsonNode", "ListNode", "LossNode", "NdArrayNode", "ObjectNode",
    "RandomGeneratorNode", "TreeNode", "TupleNode", "TypeNode",
}  # fmt: skip
"""Readers of skops that a file may name."""


def skops_io(where: str) -> Any:
    """The module that writes and reads models; a MissingPackageError where it is not installed."""
    try:
        import skops.io
    except ImportError:
        raise missing_package(where, "skops") from None
    return skops.io


def write_models(folder: Path, members: Sequence[SklearnMember]) -> list[Entries]:
    """Write models into the folder of their ensemble; their entries in ``ensemble.json``."""
    io = skops_io("Run.save")
    records: list[Entries] = [
        {
            "name": member.preset.name,
            **{name: getattr(member, name) for name in ("fold", "validation_cost", "score", "seconds")},
            "scikit_learn": sklearn.__version__,
        }
        for member in members
    ]
    for name, member in zip(other_files(records), members, strict=True):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        io.dump(member.model, path, compression=ZIP_DEFLATED, compresslevel=1)
        _check_types(path)
    return records


def read_models(
    folder: Path,
    records: Sequence[Entries],
    preprocessors: Sequence[FoldPreprocessor],
    n_inputs: Sequence[int],
) -> tuple[SklearnMember, ...]:
    """Models whose entries were checked; the numbers of inputs and outputs are those of their folds."""
    others = {str(record["scikit_learn"]) for record in records} - {sklearn.__version__}
    if others:
        warn_the_caller(
            f"{folder}: models were fitted with scikit-learn {', '.join(sorted(others))}, and this is "
            f"{sklearn.__version__}: predictions may differ. Train again with this version."
        )
    return tuple(
        _read_model(folder / name, record, preprocessors[record["fold"]], n)
        for name, record, n in zip(other_files(records), records, n_inputs, strict=True)
    )


def _read_model(path: Path, record: Entries, preprocessor: FoldPreprocessor, n_inputs: int) -> SklearnMember:
    (kind,) = (kind for kind in KINDS if kind.preset == KNOWN[record["name"]])
    io = skops_io("Run.load")
    try:
        _check_types(path)
        with warnings.catch_warnings(action="ignore"):  # of another version, which is named once
            model = io.load(path, trusted=[*ASKED])
        made = [type(kind.make(1, 1, 0, classes=classes, **kind.settings)) for classes in (True, False)]
        if type(model) not in (*made, type(one_for_each_target(None))) or model.n_features_in_ != n_inputs:
            raise ValueError(f"it is no {kind.preset.name} of {n_inputs} inputs")
        for leaf, children, features in _nodes(model):
            later = (children > np.arange(len(leaf))) & (children < len(leaf))
            asked = (features >= 0) & (features < n_inputs)
            if not (later & asked | leaf).all():
                raise ValueError("a node of a tree leads to none")
        kept = (record[name] for name in ("validation_cost", "score", "seconds"))
        member = SklearnMember(kind.preset, record["fold"], model, *kept)
        probe = member.outputs({kind.preset.inputs: np.zeros((1, n_inputs))}, preprocessor)
        if not np.isfinite(probe).all():
            raise ValueError("its outputs are not finite")
    except FileError:
        raise
    except Exception as error:  # skops and scikit-learn raise many kinds at what they did not write
        expected, got = "a model as training wrote it", f"it cannot be used ({error!s:.300})"
        raise FileError(str(path), expected, got, "Restore it, or train again.") from None
    return member


def _check_types(path: Path) -> None:
    """Refuse a file with other types than those of the table."""
    allowed = {f"{module}.{name}" for module, names in TYPES.items() for name in names}
    try:
        with ZipFile(path) as archive:
            found = [*_types(json.loads(archive.read("schema.json")))]
    except (BadZipFile, KeyError, ValueError, RecursionError) as error:
        expected, got = "an archive of skops", f"it cannot be read ({error!s:.300})"
        raise FileError(str(path), expected, got, "Restore it, or train again.") from None
    for name, reader in found:
        if name not in allowed or reader not in READERS:
            other = f"got {name:.100} for {reader:.60}"
            raise FileError(str(path), "only types of the models of an ensemble", other, "Train again.")


def _types(value: Any) -> Iterator[tuple[str, str]]:
    """The types in the schema of an archive, each with its reader."""
    if isinstance(value, dict) and "__loader__" in value:
        yield f"{value.get('__module__')}.{value.get('__class__')}", str(value["__loader__"])
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _types(part)


def _nodes(model: Any) -> Iterator[tuple[AnyArray, AnyArray, AnyArray]]:
    """For each tree and side: whether nodes are leaves, their children, and the features they ask for."""
    if hasattr(model, "_predictors"):
        for predictor in (one for several in model._predictors for one in several):
            nodes = predictor.nodes
            for side in ("left", "right"):
                features = np.where(nodes["is_categorical"] > 0, -1, nodes["feature_idx"])
                yield nodes["is_leaf"] > 0, nodes[side].astype(np.int64), features
    elif hasattr(model, "tree_"):
        for children in (model.tree_.children_left, model.tree_.children_right):
            yield model.tree_.children_left == -1, children, model.tree_.feature
    for one in getattr(model, "estimators_", ()):
        yield from _nodes(one)
