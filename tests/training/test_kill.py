"""A training that is killed in the midst of a checkpoint and after one, and goes on."""

import os
import random
import signal
import subprocess
import sys

import numpy as np
import pytest

from deepstep import Network
from deepstep.training import Callback, ModelCheckpoint, latest_checkpoint


class Counts(Callback):
    """A callback with a state of its own; because it watches steps, there is a pause after each."""

    def __init__(self):
        self.sums = np.zeros(3)

    def on_step_end(self, training, update):
        self.sums[update.number % 3] += update.cost

    def state(self):
        return {"sums": self.sums.copy()}

    def restore(self, state):
        self.sums = state["sums"].copy()


def trained(**options):
    """The bits of all that comes out of a training of 60 updates."""
    rng = np.random.default_rng(5)
    X, Y = rng.standard_normal((6, 200)), rng.integers(0, 2, (1, 200)).astype(float)
    shape = {"activation": ["relu", "tanh"], "normalization": ["batch", "layer"], "engine": "reference"}
    net, counts = Network([6, 8, 8, 1], seed=4, **shape), Counts()
    settings = {"optimizer": "adamw", "dropout": 0.3, "clip_norm": 1, "schedule": "cosine", "patience": 6}
    plan = {"epochs": 6, "learning_rate": 0.02, "batch_size": 16, "validation": (X[:, 150:], Y[:, 150:])}
    net.train(X[:, :150], Y[:, :150], callbacks=[counts], **settings, **plan, **options)
    columns = [net.history.column(name) for name in ("cost", "validation_cost", "step")]
    parts = net.parameters.flat, *net.statistics.values(), *columns, counts.sums, np.array(net.best_epochs)
    return [part.tobytes() for part in parts]


@pytest.mark.slow
def test_killed_again_and_again_and_not_a_bit_is_lost(tmp_path, fresh_seed):
    """Each checkpoint brings its bytes to the disk before it gets its name, and its folder after."""
    step = 0
    for calls in random.Random(fresh_seed).sample(range(1, 8), 3):
        command = [sys.executable, __file__, str(tmp_path), str(calls)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        step += 5 * (calls // 2)
        newest = latest_checkpoint(tmp_path)
        assert (newest.state.step if newest else 0) == step
    assert trained(checkpoint=tmp_path, resume=True) == trained()
    assert not list(tmp_path.glob(".deepstep-*"))


def main(folder, calls):
    """Train from the newest checkpoint on until the disk was asked so often to keep what is written."""

    def fsync(descriptor):
        nonlocal calls
        calls -= 1
        if not calls:
            os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = fsync
    trained(checkpoint=ModelCheckpoint(folder, every_steps=5), resume=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
