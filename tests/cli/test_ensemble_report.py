"""deepstep report and doctor of ensembles: what the folder holds, on a page and as findings."""

import json
import shlex
import shutil

import numpy as np
import polars
import pytest

from deepstep.cli.report import reproduce
from deepstep.held_out import HeldOut
from deepstep.run import Run
from deepstep.run_folder import read_config, write_config
from report_page import check

HOSTILE = "</td><script>alert(1)</script>&$_{\"'"


@pytest.fixture
def change(ensemble_run, tmp_path):
    """Write the run again with other results, settings, or best epochs and costs of the members."""

    def changed(results=(), *, best_epoch=None, **config):
        folder = tmp_path / "changed"
        shutil.copytree(ensemble_run, folder)
        run = Run.load(folder)
        record = json.loads((folder / "ensemble.json").read_text())
        for member in record["members"]:
            if best_epoch == "unknown":
                del member["best_epoch"]
            elif best_epoch is not None:
                member["best_epoch"] = best_epoch
        (folder / "ensemble.json").write_text(json.dumps(record))
        names = read_config(folder)["files"]
        for part, figures in dict(results).items():
            run.config["results"][part] |= figures
        write_config(folder, run.config | config, names)
        return folder

    return changed


def test_the_page_has_every_part(deepstep, ensemble_run, tmp_path):
    result = deepstep("report", ensemble_run, "-o", "page.html")
    assert result.code == 0
    assert result.out.startswith("Written: page.html (")
    page = check(tmp_path / "page.html")
    parts = ["Presets", "Members", "Curves", "Predictions", "Columns", "Configuration", "Environment"]
    assert [word for word in page.words if word in parts][: len(parts)] == parts
    run = Run.load(ensemble_run)
    for member in run.ensemble.members:
        assert "-".join(map(str, member.network.architecture.layer_dims)) in page.words
        assert f"{member.validation_cost:.4g}" in page.words
        assert str(member.best_epoch) in page.words
    for preset in run.ensemble.presets:
        assert preset.preset.why in page.words
        assert f"{preset.validation_cost:.5g}" in page.words
    accuracy = run.config["results"]["out_of_fold"]["accuracy"]
    assert f"{100 * accuracy:.2f} %" in page.words
    for word in (
        "2 networks of 1 preset on 2 folds",
        "out of fold",
        "one-hot encoded",
        "compiled",
        "that were held out for the test",
        "deepstep explore RUN --member 0",
    ):
        assert word in page.text
    assert len(page.named("span")) >= len(run.ensemble.weights)


def test_answers_are_those_to_a_table(deepstep, flowers, ensemble_run, tmp_path):
    result = deepstep("report", ensemble_run, "--data", flowers, "--json")
    record = json.loads(result.out)
    assert record["bytes"] == (tmp_path / "report.html").stat().st_size
    page = check(tmp_path / "report.html")
    confusion = json.loads(deepstep("evaluate", ensemble_run, flowers, "--json").out)["confusion"]
    assert f"{np.trace(confusion)} of {np.sum(confusion)} predictions are correct" in page.text
    assert {"x", "size", "colour"} <= set(page.words)
    assert "These are the 60 rows of" in page.text


def test_probabilities_are_those_that_predict_tells(deepstep, flowers, ensemble_run, tmp_path):
    deepstep("report", ensemble_run, "--data", flowers)
    page = check(tmp_path / "report.html")
    table = polars.read_csv(flowers)
    told = Run.load(ensemble_run).predict(table).probabilities
    assert page.examples
    for number, cells in (entry for examples in page.examples for entry in examples.items()):
        of_the_truth = told[number - 1, ["short", "tall"].index(table["kind"][number - 1])]
        assert float(cells["P(true)"]) == pytest.approx(of_the_truth, abs=6e-4)


def test_kept_rows_are_answered_as_the_rows_of_the_table(flowers, ensemble_run):
    """What the run keeps are features; the rows of the table that they were made of get the same answers."""
    run, table = Run.load(ensemble_run), polars.read_csv(flowers)
    kept = HeldOut.kept_by(run)
    all_rows = HeldOut.of(run, table, table["kind"], part="data", source="flowers")
    assert len(kept.outputs) == 16
    distances = np.abs(all_rows.outputs[:, None] - kept.outputs[None]).max(axis=2)
    same = all_rows.answers[:, None] == kept.answers[None]
    assert (np.where(same, distances, 1).min(axis=0) < 1e-6).all()
    assert "x=" in kept.cells["input"][0]


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        (["height"], "largest errors of 60 rows"),
        (["kind", "warm"], "warm: rows by true class"),
        (["height", "x"], "baseline RMSE (mean) of x"),
    ],
)
def test_other_targets(deepstep, flowers, tmp_path, targets, told):
    frame = polars.read_csv(flowers).with_columns(warm=polars.col("colour") == "red")
    frame.write_csv("t.csv")
    typed = [part for name in targets for part in ("--target", name)]
    assert deepstep("train", "t.csv", *typed, "--n-estimators", "2", "--out", "run").code == 0
    assert deepstep("report", "run", "--data", "t.csv").code == 0
    assert told in check(tmp_path / "report.html").text
    assert deepstep("report", "run", "--overwrite").code == 0
    check(tmp_path / "report.html")
    assert deepstep("doctor", "run").code == 0


def test_names_labels_and_cells_are_hostile_input(deepstep, tmp_path):
    table = polars.DataFrame(
        {
            f"x{HOSTILE}": np.random.default_rng(0).standard_normal(40),
            "text": ["<img src=x onerror=alert(2)>", "b"] * 20,
            "y": [HOSTILE, "<b>other</b>"] * 20,
        }
    )
    table.write_csv("<i>table.csv")
    typed = ["--target", "y", "--n-estimators", "2", "--out", "<u>run"]
    assert deepstep("train", "<i>table.csv", *typed).code == 0
    for data in ([], ["--data", "<i>table.csv"]):
        assert deepstep("report", "<u>run", *data, "--overwrite").code == 0
        page = check(tmp_path / "report.html")
        assert not page.named("i") + page.named("u") + page.named("b")
        assert HOSTILE in page.text
        assert "<u>run" in page.text


def test_no_matplotlib_is_needed(fresh_process, ensemble_run, tmp_path):
    before = "import sys; sys.modules['matplotlib'] = None"
    result = fresh_process("report", ensemble_run, before=before)
    assert result.returncode == 0, result.stderr
    check(tmp_path / "report.html")


def test_the_command_trains_the_same_ensemble_again(deepstep, flowers, tmp_path):
    options = ["--n-estimators", "2", "--class-weight", "tall=2", "--seed", "7"]
    assert deepstep("train", flowers, "--target", "kind", "--out", "run", *options).code == 0
    run = Run.load(tmp_path / "run")
    program, *words = shlex.split(reproduce(run))
    assert program == "deepstep"
    assert deepstep(*words, "--out", "again").code == 0
    again, table = Run.load(tmp_path / "again"), polars.read_csv(flowers)
    np.testing.assert_array_equal(run.outputs(table), again.outputs(table))
    assert run.config["settings"] == again.config["settings"]


def titanic_like(seed, m=400):
    """A table of mixed columns with gaps, whose target is partly luck."""
    rng = np.random.default_rng(seed)
    female, grade = rng.random(m) < 0.35, rng.choice([1, 2, 3], m, p=[0.25, 0.2, 0.55])
    age = rng.normal(30, 14, m).clip(1, 80).round()
    logit = -1.2 + 2.5 * female + 0.9 * (2 - grade) - 0.02 * (age - 30) + 0.8 * (age < 10)
    return polars.DataFrame(
        {
            "class": grade,
            "sex": np.where(female, "female", "male"),
            "age": [None if gap else one for gap, one in zip(rng.random(m) < 0.2, age, strict=True)],
            "fare": np.exp(rng.normal(4.2 - 0.6 * grade, 0.6)).round(2),
            "survived": np.where(rng.random(m) < 1 / (1 + np.exp(-logit)), "yes", "no"),
        }
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_is_found_of_healthy_runs(deepstep, seed):
    titanic_like(seed).write_csv("t.csv")
    typed = ["--target", "survived", "--n-estimators", "5", "--seed", seed, "--out", "run"]
    assert deepstep("train", "t.csv", *typed).code == 0
    result = deepstep("doctor", "run", "--strict")
    assert (result.code, result.out, result.err) == (0, "Nothing was found.\n", "")


def test_what_cannot_be_learned_is_found(deepstep):
    rng = np.random.default_rng(1)
    frame = polars.DataFrame(rng.standard_normal((300, 4)), schema=list("abcd"))
    frame.with_columns(y=rng.permutation(["no", "yes"] * 150)).write_csv("t.csv")
    assert deepstep("train", "t.csv", "--target", "y", "--n-estimators", "5", "--out", "run").code == 0
    result = deepstep("doctor", "run", "--strict", "--json")
    assert result.code == 1
    kinds = {finding["kind"] for finding in json.loads(result.out)["findings"]}
    assert kinds & {"overfitting", "no better than a guess"}


def test_findings_are_sentences_and_json(deepstep, change, tmp_path):
    folder = change({"out_of_fold": {"accuracy": 0.52, "balanced_accuracy": 0.52}})
    result = deepstep("doctor", folder)
    assert result.code == 0
    assert "warning, overfitting: on the training set, " in result.out
    result = deepstep("doctor", folder, "--json", "--strict")
    record = json.loads(result.out)
    assert (result.code, record["health"]) == (1, False)
    found = {finding["kind"]: finding for finding in record["findings"]}
    assert 0.5 < found["overfitting"]["evidence"] <= 1
    assert deepstep("report", folder).out.endswith(f"{len(found)} findings)\n")
    assert found["overfitting"]["sentence"] in check(tmp_path / "report.html").text


def test_members_that_were_best_at_the_end(deepstep, change, ensemble_run):
    epochs = Run.load(ensemble_run).ensemble.members[0].epochs
    folder = change(best_epoch=epochs)
    assert "note, not converged: 2 of 2 members (gated)" in deepstep("doctor", folder).out


def test_runs_without_best_epochs_are_read_as_before(deepstep, change, tmp_path):
    folder = change(best_epoch="unknown")
    assert deepstep("doctor", folder).code == 0
    assert deepstep("report", folder).code == 0
    check(tmp_path / "report.html")


@pytest.mark.parametrize("best_epoch", [0, 65, 1.5, "3", True, []])
def test_best_epochs_that_cannot_be_are_refused(deepstep, change, best_epoch):
    result = deepstep("doctor", change(best_epoch=best_epoch))
    assert result.code == 2
    assert "a best epoch is a number from 1 to that of the epochs" in result.err


def test_units_are_of_one_network_alone(deepstep, ensemble_run, flowers):
    result = deepstep("doctor", ensemble_run, "--data", flowers)
    assert result.code == 2
    assert "--data: a run of one network" in result.err
