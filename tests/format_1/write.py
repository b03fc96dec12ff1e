"""Write the models of this folder: python tests/format_1/write.py, with the version that they are to be of.

Each model has a folder, `rows.json` with rows as a user has them, and `predictions.json` with what the
version that wrote it predicts. A release writes them once; later versions must read them.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas
from sklearn.pipeline import make_pipeline

from deepstep import DeepClassifier, DeepRegressor, Network, NetworkClassifier, Run, TableEncoder, save

FOLDER = Path(__file__).parent
FEW = {
    "n_estimators": 2,
    "n_jobs": 1,
    "random_state": 0,
    "network_params": {"epochs": 3, "hidden_layers": (4,)},
}


def table(m: int = 120) -> pandas.DataFrame:
    """Rows with every kind of column."""
    rng = np.random.default_rng(0)
    return pandas.DataFrame(
        {
            "size": np.where(rng.random(m) < 0.1, np.nan, rng.standard_normal(m).round(3)),
            "price": [f"{price:,.2f}" for price in rng.uniform(1, 9999, m)],
            "day": pandas.Timestamp("2024-01-01") + pandas.to_timedelta(rng.integers(0, 900, m), "D"),
            "member": rng.random(m) < 0.5,
            "side": rng.choice(["left", "right"], m),
            "colour": rng.choice(["red", "green", "blue", None], m),
            "words": [" ".join(rng.choice(["a", "and", "or", "not", "the"], 4)) for _ in range(m)],
            "always": "7",
            "id": [f"row {number}" for number in range(m)],
            "nothing": None,
        }
    )


def models() -> dict[str, tuple[object, object]]:
    """Each model, and rows that it predicts."""
    frame = table()
    labels, numbers = frame["side"].where(frame["member"], "none"), frame["size"].fillna(0.0).rename("y") ** 2
    X = np.random.default_rng(1).standard_normal((60, 3)).round(3)
    y = np.sign(X[:, 0]).astype(int)
    network = Network([3, 4, 2], output="softmax", normalization="batch", seed=7)
    network.train(X.T, np.eye(2)[(y > 0).astype(int)].T, iterations=5)
    one = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}
    classifier = DeepClassifier(**FEW).fit(frame, labels)
    return {
        "network": (network, X[:9].tolist()),
        "network-classifier": (NetworkClassifier(**one).fit(X, y), X[:9].tolist()),
        "pipeline": (make_pipeline(TableEncoder(), NetworkClassifier(**one)).fit(frame, labels), frame[:9]),
        "classifier": (classifier, frame[:9]),
        "regressor": (DeepRegressor(**FEW).fit(frame, numbers), frame[:9]),
        "run": (Run.of(classifier), frame[:9]),
    }


def predictions(model: object, rows: object) -> np.ndarray:
    """A row each: probabilities, or numbers."""
    if isinstance(model, Network):
        return np.asarray(model.forward(np.array(rows).T)).T
    if isinstance(model, Run):
        return model.outputs(rows)
    return model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)


def rows_of(path: Path) -> object:
    """Rows as the models learned from them: a frame of texts, numbers and dates, or lists of numbers."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return pandas.DataFrame(rows).astype({"day": "datetime64[ns]"}) if isinstance(rows[0], dict) else rows


def main() -> None:
    """Write each folder anew."""
    for name, (model, rows) in models().items():
        folder = FOLDER / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        kind = "records" if isinstance(rows, pandas.DataFrame) else "values"
        pandas.DataFrame(rows).to_json(folder / "rows.json", orient=kind, date_format="iso")
        if isinstance(model, Run):
            model.save(folder / "model")
        else:
            save(model, folder / "model")
        outputs = np.asarray(predictions(model, rows_of(folder / "rows.json")), float)
        (folder / "predictions.json").write_text(json.dumps(outputs.tolist()), encoding="utf-8")


if __name__ == "__main__":
    main()
