"""``deepstep train --preset tabm``: a run of networks that are many in one, and what takes it."""

import io
import json

import polars
import pytest
from numpy.testing import assert_array_equal

from deepstep.data import holdout
from deepstep.estimators import DeepClassifier
from deepstep.estimators.presets import TABM, n_shared
from deepstep.run import Run

TYPED = ("--target kind --preset tabm --set n_estimators=1 --seed 2",)


@pytest.fixture
def shared_run(deepstep, flowers, tmp_path):
    result = deepstep("train", flowers, *TYPED, "--out", "shared", "--json")
    assert result.code == 0, result.err
    assert "Preset: tabm, networks that are many in one, as asked." in result.err
    return json.loads(result.out)


def test_the_run_answers_the_bits_of_the_estimator_and_everything_takes_it(deepstep, flowers, shared_run):
    frame = polars.read_csv(flowers)
    learned, _ = holdout(frame["kind"].to_numpy(), fraction=0.2, seed=2, stratify=True)
    X = frame.drop("kind")
    model = DeepClassifier(preset="tabm", n_estimators=1, random_state=2)
    model.fit(X[learned], frame["kind"][learned].to_numpy())
    answers = polars.read_csv(io.StringIO(deepstep("predict", "shared", flowers).out))
    expected = model.predict_proba(X)
    assert_array_equal(answers.select("probability_short", "probability_tall").to_numpy(), expected)
    assert shared_run["settings"] == {"preset": "tabm", "n_estimators": 1, "seed": 2}
    run = Run.load("shared")
    assert run.ensemble.members[0].preset == TABM
    members = run.ensemble.members[0].network.architecture.shared_members
    assert members == n_shared(len(learned))
    for command in (["summary"], ["evaluate", flowers], ["report", "--out", "page.html"], ["doctor"]):
        result = deepstep(command[0], "shared", *command[1:])
        assert result.code == 0, result.err
    trace = deepstep("trace", "shared", "--member", "0", "--layer", "1").out
    assert "Z1ₖ = (W1 ∘ r1ₖ)·A0 + b1" in trace
    refused = deepstep("explore", "shared", "--member", "0", "--export", "lesson.html")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert f"a network with one column for each example; got {members} members in one" in refused.err
