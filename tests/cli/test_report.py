"""deepstep report: one page, complete, that needs nothing and lets nothing break out."""

import json
import re
import shlex

import numpy as np
import polars
import pytest

from deepstep import History, Network
from deepstep.cli.report import reproduce
from deepstep.preparation import ClassificationTarget, ImagePreparation, Preparation
from deepstep.run import Run
from report_page import check


@pytest.fixture(scope="module")
def healthy_run(flowers, tmp_path_factory):
    from deepstep.cli.main import main

    folder = tmp_path_factory.mktemp("runs") / "health"
    arguments = [
        "train",
        flowers,
        "--target",
        "kind",
        "--out",
        folder,
        "--iterations",
        "12",
        "--log",
        "health",
    ]
    with pytest.raises(SystemExit) as leaving:
        main([*map(str, arguments), "--validation-fraction", "0.2", "--schedule", "cosine"])
    assert not leaving.value.code
    return folder


def test_the_page_has_every_part(deepstep, healthy_run, tmp_path):
    result = deepstep("report", healthy_run, "-o", "page.html")
    assert result.code == 0
    assert result.out.startswith("Written: page.html (")
    page = check(tmp_path / "page.html")
    for part in (
        "Findings",
        "Curves",
        "Predictions",
        "Layers",
        "Gradient flow",
        "Configuration",
        "Environment",
    ):
        assert part in page.words
    assert len(page.named("svg")) == 6
    assert "These are the 12 rows of flowers.csv that were held out for the test" in page.text
    for word in ("binary", "kind", "all epochs done: 12 epochs", "colour", "one-hot encoded", "compiled"):
        assert word in page.text


def test_answers_are_those_to_a_table(deepstep, flowers, healthy_run, tmp_path):
    result = deepstep("report", healthy_run, "-o", "page.html", "--data", flowers, "--json")
    record = json.loads(result.out)
    assert record["bytes"] == (tmp_path / "page.html").stat().st_size
    page = check(tmp_path / "page.html")
    confusion = json.loads(deepstep("evaluate", healthy_run, flowers, "--json").out)["confusion"]
    right, rows = np.trace(confusion), np.sum(confusion)
    assert f"{right} of {rows} predictions are correct" in page.text
    counts = [
        int(word) for word, tag in zip(page.words, page.words, strict=True) if re.fullmatch(r"\d+", word)
    ]
    assert set(np.ravel(confusion)) - {0} <= set(counts)
    assert {"x", "size", "colour"} <= set(page.words)


def test_a_run_without_health_says_what_is_missing(deepstep, flower_run, tmp_path):
    assert deepstep("report", flower_run).code == 0
    page = check(tmp_path / "report.html")
    assert "train with --log health" in page.text
    assert "of 16 training rows after the training" in page.text


def test_an_old_page_is_not_replaced_unless_asked(deepstep, flower_run, tmp_path):
    (tmp_path / "page.html").write_text("mine")
    result = deepstep("report", flower_run, "-o", "page.html")
    assert result.code == 2
    assert "must be a new file, got one that exists" in result.err
    assert (tmp_path / "page.html").read_text() == "mine"
    assert deepstep("report", flower_run, "-o", "page.html", "--overwrite").code == 0
    check(tmp_path / "page.html")


def test_numbers_have_errors(deepstep, flowers, tmp_path):
    deepstep("train", flowers, "--target", "height", "--out", "run", "--iterations", "5")
    assert deepstep("report", "run", "--data", flowers).code == 0
    page = check(tmp_path / "report.html")
    assert "baseline RMSE (mean)" in page.text
    assert "largest errors of 60 rows" in page.text


@pytest.mark.parametrize("columns", [("kind", "warm"), ("height", "x")])
def test_several_targets(deepstep, flowers, tmp_path, columns):
    table = polars.read_csv(flowers).with_columns(warm=polars.col("colour") == "red")
    table.write_csv("table.csv")
    targets = [part for column in columns for part in ("--target", column)]
    assert deepstep("train", "table.csv", *targets, "--out", "run", "--iterations", "3").code == 0
    assert deepstep("report", "run", "--data", "table.csv").code == 0
    page = check(tmp_path / "report.html")
    assert all(column in page.text for column in columns)


HOSTILE = "</td><script>alert(1)</script>&$_{\"'"


def test_names_labels_and_cells_are_hostile_input(deepstep, tmp_path):
    rng = np.random.default_rng(0)
    table = polars.DataFrame(
        {
            f"x{HOSTILE}": rng.standard_normal(40),
            "text": ["<img src=x onerror=alert(2)>", "b"] * 20,
            "y": [HOSTILE, "<b>other</b>"] * 20,
        }
    )
    table.write_csv("<i>table.csv")
    assert (
        deepstep("train", "<i>table.csv", "--target", "y", "--out", "<u>run", "--iterations", "3").code == 0
    )
    assert deepstep("report", "<u>run", "--data", "<i>table.csv").code == 0
    page = check(tmp_path / "report.html")
    assert not page.named("i") + page.named("u") + page.named("b")
    assert HOSTILE in page.text
    assert "<u>run" in page.text


def test_ten_thousand_epochs_of_a_wide_network_make_a_small_page(deepstep, tmp_path):
    rng = np.random.default_rng(0)
    network = Network([12288, 20, 7, 5, 1], seed=1, dtype="float32")
    names = ("gradient_norm", "update_ratio", "activation_mean", "activation_deviation", "weight_size")
    records = [
        {
            "epoch": epoch,
            "step": epoch + 1,
            "cost": float(rng.random()),
            "validation_cost": float(rng.random()),
            "learning_rate": 1 / (epoch + 1),
            "health": [
                {"dead": 0.1, "saturated": None, **dict(zip(names, rng.random(5).tolist(), strict=True))}
                for _ in range(4)
            ],
        }
        for epoch in range(10_000)
    ]
    X, Y = rng.random((20, 12288)), (rng.random((20, 1)) < 0.5).astype(float)
    preparation = Preparation(
        ImagePreparation(64, 64, 3, 1 / 255), ClassificationTarget((("non-cat", "cat"),))
    )
    history = History(records, engine="reference", stopped="all epochs done")
    Run.of_network(network, preparation, history, {"task": "binary"}, X, Y).save("run")
    assert deepstep("report", "run").code == 0
    page = check(tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 2_000_000
    assert "12288-20-7-5-1" in page.text
    assert len(page.named("img")) > 0


@pytest.mark.parametrize(
    "options",
    [
        ["--test-fraction", "0.3", "--validation-fraction", "0.25", "--exclude", "colour", "--exclude", "x"],
        ["--task", "classification", "--validation", "{flowers}", "--drop-missing-target"],
        ["--loss", "ordinal", "--classes", "tall,short"],
        ["--patience", "2"],
        ["--preset", "tabular", "--n-estimators", "2", "--test-fraction", "0.3", "--exclude", "x"],
    ],
)
def test_the_command_has_what_was_asked_of_the_table(deepstep, flowers, tmp_path, options):
    few = [] if "tabular" in options else ["--preset", "single", "--iterations", "3"]
    options = [flowers if option == "{flowers}" else option for option in options]
    typed = ["train", flowers, "--target", "kind", "--seed", "3", *few, *options, "--json"]
    one = deepstep(*typed, "--out", "run")
    assert one.code == 0, one.err
    words = shlex.split(reproduce(Run.load(tmp_path / "run")))[1:]
    again = deepstep(*words, "--json", "--out", "again")
    assert again.code == 0, again.err
    results = [json.loads(found.out) for found in (one, again)]
    for part in ("train", "test", "validation"):
        assert results[0].get(part) == results[1].get(part)
    assert len(results[0]["test"]) > 1


def test_the_command_trains_the_same_run_again(deepstep, flowers, tmp_path):
    options = [
        "--hidden-layers", "6,4", "--optimizer", "momentum", "--optimizer-param", "beta=0.8",
        "--dropout", "0.1,0.2",
        "--schedule", "step:drop=0.5,every=0.1", "--lr-multiplier", "b*=0.5", "--class-weight", "tall=2",
        "--label-smoothing", "0.1", "--deterministic", "--seed", "7", "--iterations", "4",
    ]  # fmt: skip
    assert deepstep("train", flowers, "--target", "kind", "--out", "run", *options).code == 0
    command = reproduce(Run.load(tmp_path / "run"))
    program, *words = shlex.split(command)
    assert program == "deepstep"
    assert deepstep(*words, "--out", "again").code == 0
    one, other = (Run.load(tmp_path / name) for name in ("run", "again"))
    np.testing.assert_array_equal(one.network.parameters.flat, other.network.parameters.flat)
    assert one.config["settings"] == other.config["settings"]
