"""deepstep doctor: the findings about a run, with the exit codes of a check."""

import json

import numpy as np
import polars
import pytest

from deepstep.run import Run
from report_page import check


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


def test_a_rate_that_is_too_high_is_told_before_what_came_of_it(deepstep, flowers):
    options = ["--optimizer", "adam", "--learning-rate", "3", "--iterations", "40", "--batch-size", "16"]
    assert deepstep("train", flowers, "--target", "kind", "--out", "high", *options).code == 0
    found = json.loads(deepstep("doctor", "high", "--json").out)["findings"]
    assert found[0]["kind"] == "learning rate too high"


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
    run.save(tmp_path / "dead")
    record = json.loads(deepstep("doctor", "dead", "--data", flowers, "--json").out)
    dead = [finding for finding in record["findings"] if finding["kind"] == "dead units"]
    assert dead[0]["layer"] == 1
    assert np.isclose(dead[0]["evidence"], 1)


@pytest.mark.parametrize("wrong", [{"step": "many"}, {"epoch": None}, {"health": [{"dead": 0.0}]}])
def test_a_history_that_does_not_fit_is_refused(deepstep, flower_run, tmp_path, wrong):
    run = Run.load(flower_run)
    run.history.records[1] |= wrong
    run.save(tmp_path / "odd")
    result = deepstep("doctor", "odd")
    assert result.code == 2
    assert "numbers for epoch, step and cost in every record" in result.err
    assert "record 2 has others" in result.err


def test_what_is_no_run_is_wrong_input(deepstep):
    assert deepstep("doctor", "nothing").code == 2


def test_rows_that_were_learned_by_heart_are_found(deepstep, tmp_path):
    rng = np.random.default_rng(0)
    frame = polars.DataFrame(rng.standard_normal((120, 10)), schema=list("abcdefghij"))
    frame.with_columns(t=rng.permutation(["no", "yes"] * 60)).write_csv("noise.csv")
    typed = ["--iterations", "150", "--learning-rate", "0.01", "--test-fraction", "0.3", "--log", "health"]
    assert deepstep("train", "noise.csv", "--target", "t", "--out", "run", *typed).code == 0
    found = json.loads(deepstep("doctor", "run", "--json").out)["findings"]
    assert {"overfitting", "no better than a guess"} <= {finding["kind"] for finding in found}
    assert deepstep("report", "run").code == 0
    text = check(tmp_path / "report.html").text
    assert all(finding["sentence"] in text for finding in found)
    assert "Nothing was found." not in text


def test_a_network_that_cannot_tell_cats_is_called_so(deepstep, shared):
    """Its answers to training rows are better than always the largest class by a hair, to test rows worse."""
    typed = ["--data", shared / "data" / "cats", "--out", "cats", "--iterations", "40"]
    assert deepstep("demo", "cats", *typed).code == 0
    for name in ("cats-2-layer", "cats-4-layer"):
        found = {one["kind"]: one for one in json.loads(deepstep("doctor", name, "--json").out)["findings"]}
        assert found["no better than a guess"]["severity"] == "serious"
        assert "'cat' is never predicted" in found["class never predicted"]["says"]
