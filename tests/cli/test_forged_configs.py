"""A ``config.toml`` that was written by hand, with a digest that fits: an answer, or one sentence."""

import shutil
import tomllib

import pytest
import tomli_w

from deepstep.run_folder import config_digest

COMMANDS = {
    "summary": (),
    "doctor": (),
    "report": ("-o", "page.html", "--overwrite"),
    "trace": ("--layer", "1"),
    "check-gradients": (),
    "explore": ("--export", "lesson.html", "--overwrite"),
}
FORGED = {
    "weights of classes that are none": {"class_weights": -1},
    "weights of classes of another number": {"class_weights": [1.0]},
    "weights of classes in lists": {"class_weights": [[1.0, 2.0], [1.0, 2.0]]},
    "texts as weights of classes": {"class_weights": ["a", "b"]},
    "no weights of rows": {"sample_weight": "x"},
    "weights of rows that are none": {"sample_weight": "x", "example_weights": "y"},
    "a question that is none": {"asked": 5},
    "columns that are none": {"asked": {"drop": 5}},
    "a number that was found": {"found": -1},
    "a stream that is a number": {"streamed": 1},
    "a schedule without a name": {"settings": {"seed": 1, "dropout_schedule": {"a": {}}}},
}


def forge(run, changes):
    path = run / "config.toml"
    forged = {**tomllib.loads(path.read_text()), **changes}
    path.write_text(tomli_w.dumps({**forged, "sha256": config_digest(forged)}))


@pytest.mark.parametrize("costs", [["x"], [[1.0]], 5])
def test_costs_of_an_ensemble_that_diverged(deepstep, ensemble_run, tmp_path, costs):
    shutil.copytree(ensemble_run, tmp_path / "run")
    forge(tmp_path / "run", {"diverged": {"came": "nan", "mend": "", "costs": costs}})
    result = deepstep("report", "run")
    assert result.code == 2
    assert "costs are numbers, finite or not; got" in result.err


@pytest.mark.parametrize("kind", FORGED)
def test_no_command_ends_in_a_traceback(deepstep, flower_run, tmp_path, kind):
    shutil.copytree(flower_run, tmp_path / "run")
    forge(tmp_path / "run", FORGED[kind])
    codes = set()
    for command, options in COMMANDS.items():
        result = deepstep(command, "run", *options)
        codes.add(result.code)
        assert result.code in (0, 2), (command, result)
        if result.code == 2:
            last = result.err.splitlines()[-1]
            assert last.startswith("Error: ")
            assert len(last) < 500
    assert kind == "a schedule without a name" or 2 in codes
