"""Contributions of `deepstep.explain` beside Shapley values: ``python benchmarks/explanations.py``.

`shap.KernelExplainer` (``pip install shap``) explains the same models compared with the same average row,
from predictions alone. Printed are the correlation of all contributions, the share of rows whose strongest
column is the same, the largest error of a sum, and the seconds of both for the same rows.
"""

import time
import warnings

import numpy as np
import shap
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from deepstep import DeepClassifier, DeepRegressor, explain

ROWS = 20
SETTINGS = {"effort": "fast", "random_state": 1}
TABLES = {
    "diabetes (442 × 10)": (load_diabetes, DeepRegressor(**SETTINGS)),
    "wine (178 × 13)": (load_wine, DeepClassifier(**SETTINGS)),
    "breast cancer (569 × 30)": (load_breast_cancer, DeepClassifier(**SETTINGS)),
}


def main() -> None:
    print("table | correlation | same strongest column | error of the sums | seconds | seconds of shap")
    for name, (load, model) in TABLES.items():
        X, y = load(return_X_y=True)
        model.fit(X, y)
        predict = model.predict_proba if hasattr(model, "predict_proba") else model.predict
        rows = X[:: len(X) // ROWS][:ROWS]
        begin = time.perf_counter()
        explanation = explain(model, rows)
        ours = time.perf_counter() - begin
        begin = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            explainer = shap.KernelExplainer(predict, X.mean(axis=0, keepdims=True))
            values = explainer.shap_values(rows, silent=True)
        theirs = time.perf_counter() - begin
        values = np.reshape(values, (*rows.shape, -1))[:, :, -len(explanation.outputs) :]
        correlation = np.corrcoef(values.ravel(), explanation.contributions.ravel())[0, 1]
        strongest = [np.abs(each).argmax(axis=1) for each in (values, explanation.contributions)]
        same = (strongest[0] == strongest[1]).mean()
        error = explanation.error.max()
        print(f"{name} | {correlation:.3f} | {same:.2f} | {error:.1g} | {ours:.2f} | {theirs:.1f}")


if __name__ == "__main__":
    main()
