"""A fit that writes a checkpoint at each pause; run, killed and run again by test_checkpoints.py.

Prints the seed and the SHA-256 of all parameters as JSON.

python killed_fit.py FOLDER RESUME RANDOM_STATE SECONDS_AN_EPOCH
"""

import hashlib
import json
import sys
import time
import warnings

import numpy as np
from sklearn.datasets import load_iris

from deepstep import DeepClassifier
from deepstep.training import checkpoints


def main(folder, resume, random_state, seconds):
    checkpoints.SECONDS = 0.0
    X, y = load_iris(return_X_y=True)
    model = DeepClassifier(
        (8, 6),
        solver="adamw",
        normalization="batch",
        dropout=0.2,
        ema_decay=0.9,
        schedule="cosine",
        batch_size=20,
        max_iter=40,
        early_stopping=True,
        n_iter_no_change=np.inf,
        random_state=json.loads(random_state),
        checkpoint_dir=folder or None,
        resume=json.loads(resume),
        callbacks=lambda record: time.sleep(float(seconds)),
        preset="mlp",
    ).fit(X, y)
    bits = b"".join(part.tobytes() for part in (*model.coefs_, *model.intercepts_))
    print(json.dumps([model.network_.seed, hashlib.sha256(bits).hexdigest()]))  # noqa: T201


if __name__ == "__main__":
    warnings.simplefilter("error")
    main(*sys.argv[1:])
