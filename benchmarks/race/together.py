"""Eight fits at once in joblib, beside the same fits one after another."""

import subprocess
import sys
from typing import Any

from race.rounds import environment

FITS, EPOCHS = 8, 600

CODE = f"""
import json, os, warnings
from time import perf_counter
os.environ["PYTHONWARNINGS"] = "ignore"
warnings.simplefilter("ignore")
from joblib import Parallel, delayed
from sklearn.datasets import load_digits
from deepstep import NetworkClassifier

X, y = load_digits(return_X_y=True)
X = X.astype("float32") / 16

def fit(seed):
    return NetworkClassifier((100,), max_iter={EPOCHS}, tol=0, n_iter_no_change=10**6,
                             batch_size=200, random_state=seed, engine="compiled").fit(X, y).loss_

def seconds(work):
    work()
    taken = []
    for _ in range(3):
        begin = perf_counter()
        work()
        taken.append(perf_counter() - begin)
    return sorted(taken)[1]

def at_once(kind):
    workers = int(os.environ["OMP_NUM_THREADS"])
    return Parallel(n_jobs=workers, backend=kind)(delayed(fit)(n) for n in range({FITS}))

alone = [fit(n) for n in range({FITS})]
assert max(abs(a - b) for a, b in zip(alone, at_once("threading"))) < 1e-3
print(json.dumps({{
    "fits": {FITS},
    "one_after_another": seconds(lambda: [fit(n) for n in range({FITS})]),
    "at_once": {{kind: seconds(lambda: at_once(kind)) for kind in ("threading", "loky")}},
}}))
"""


def throughput(n_threads: int) -> dict[str, Any]:
    """Seconds of all fits: one after another, and at once in as many workers as there are threads."""
    import json

    run = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, env=environment(n_threads)
    )
    return json.loads(run.stdout)
