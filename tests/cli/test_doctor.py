"""deepstep doctor: the findings about a run, with the exit codes of a check."""

import json

import numpy as np
import pytest

from deepstep.run import Run


@pytest.fixture
def sick(deepstep, flowers, tmp_path):
    """A run whose rate is far too low."""
    options = ["--iterations", "15", "--learning-rate", "1e-7", "--log", "health"]
    assert deepstep("train", flowers, "--target", "kind", "--out", "sick", *options).code == 0
    return tmp_path / "sick"


def test_findings_are_sentences(deepstep, sick):
    result = deepstep("doctor", sick)
    assert result.code == 0
    assert "warning, learning rate too low: the cost fell steadily, and by no more than" in result.out
    assert result.err == ""


def test_strict_fails_where_something_was_found(deepstep, sick):
    assert deepstep("doctor", sick, "--strict").code == 1


def test_json_has_the_evidence(deepstep, sick):
    result = deepstep("doctor", sick, "--strict", "--json")
    record = json.loads(result.out)
    assert result.code == 1
    assert record["health"] is True
    kinds = {finding["kind"]: finding for finding in record["findings"]}
    costs = Run.load(sick).history.costs
    expected = (costs[0] - costs.min()) / costs[0]
    assert kinds["learning rate too low"]["evidence"] == pytest.approx(expected)
    assert kinds["learning rate too low"]["sentence"].endswith(".")


def test_without_health_it_says_so_on_stderr(deepstep, flower_run):
    result = deepstep("doctor", flower_run)
    assert "train with --log health" in result.err


def test_units_are_looked_at_on_a_table(deepstep, flowers, flower_run, tmp_path):
    run = Run.load(flower_run)
    run.network.parameters["b1"][:] = -100
    run.config.pop("files", None)
    for name in ("format", "version", "deepstep"):
        run.config.pop(name)
    run.save(tmp_path / "dead")
    record = json.loads(deepstep("doctor", "dead", "--data", flowers, "--json").out)
    dead = [finding for finding in record["findings"] if finding["kind"] == "dead units"]
    assert dead[0]["layer"] == 1
    assert np.isclose(dead[0]["evidence"], 1)


@pytest.mark.parametrize("wrong", [{"step": "many"}, {"epoch": None}, {"health": [{"dead": 0.0}]}])
def test_a_history_that_does_not_fit_is_refused(deepstep, flower_run, tmp_path, wrong):
    run = Run.load(flower_run)
    run.history.records[1] |= wrong
    for name in ("format", "version", "deepstep", "files"):
        run.config.pop(name)
    run.save(tmp_path / "odd")
    result = deepstep("doctor", "odd")
    assert result.code == 2
    assert "numbers for epoch, step and cost in every record" in result.err
    assert "record 2 has others" in result.err


def test_what_is_no_run_is_wrong_input(deepstep):
    assert deepstep("doctor", "nothing").code == 2
