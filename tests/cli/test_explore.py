"""``deepstep explore``: a page from a run, a table or a built-in set; served, and ended in order."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from deepstep.run import Run


def written(deepstep, *typed):
    """What the page that is written holds, and what the command printed."""
    result = deepstep("explore", *typed, "--export x.html --overwrite").done()
    text = Path("x.html").read_text(encoding="utf-8")
    found = re.search(r'id="deepstep-lesson">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1]), result


def test_a_table_with_settings_of_its_own(deepstep, flowers):
    options = "--hidden-layers 5,4 --set optimizer=adam --learning-rate 0.01 --batch-size 16"
    document, _ = written(deepstep, flowers, "--target kind", options)
    assert document["network"]["layer_dims"][1:] == [5, 4, 1]
    assert (document["training"]["optimizer"], document["training"]["batch_size"]) == ("adam", 16)
    assert (document["data"]["classes"], document["data"]["name"]) == (["short", "tall"], flowers.name)
    assert document["data"]["X"]["shape"][1] == 60
    document, result = written(deepstep, flowers, "--target height --json")
    record = json.loads(result.out)
    assert (record["source"], record["export"]) == (str(flowers), "x.html")
    assert record["bytes"] == Path("x.html").stat().st_size
    assert document["data"]["kind"] == "numbers"


def test_a_run_is_shown_as_it_was_trained(deepstep, flower_run, flowers):
    """Of the rows 16 of those learned from, all of them in each update, and adam from its beginning."""
    document, result = written(deepstep, flower_run)
    assert document["title"] == "flowers, after 30 epochs"
    assert document["history"]["at"] == list(range(30))
    assert document["history"]["cost"] == Run.load(flower_run).ensemble.history.costs.tolist()
    assert document["training"]["optimizer"] == "adam"
    first, second, *_ = document["notes"]
    assert first.startswith("16 of the 48 rows learned from")
    assert "where the training took batches of 32; adam begins without its memory" in second
    assert first in result.err
    document, _ = written(deepstep, flower_run, "--data", flowers, "--learning-rate 0.5")
    assert document["notes"][0].startswith("The 60 rows are those of --data, ")
    assert document["training"]["learning_rate"] == 0.5


def test_a_member_of_an_ensemble(deepstep, ensemble_run):
    assert "--member" in deepstep("explore", ensemble_run, "--export x.html").err
    document, _ = written(deepstep, ensemble_run, "--member 1")
    assert document["title"] == "ensemble, member 1"
    member = Run.load(ensemble_run).ensemble.members[1]
    assert f"learned {member.epochs} epochs" in document["notes"][0]
    for name in ("cost", "validation_cost"):
        assert document["history"][name] == [record.get(name) for record in member.network.history]
    assert document["training"]["lr_multipliers"]["s1"] == 6


def test_the_demo_is_written_into_a_small_file_or_served_for_a_time(deepstep):
    document, result = written(deepstep)
    assert result.out.startswith("2-8-8-1 on circles: written to x.html, ")
    assert Path("x.html").stat().st_size <= 1_000_000
    assert document["history"]["cost"][-1] < document["history"]["cost"][0]
    result = deepstep("explore", "digits", "--no-open --timeout 0.1 --epochs 2")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=\S+\n", result.out)
    assert (result.code, "Ctrl-C ends it." in result.err) == (0, True)


RUN = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
from deepstep.cli.main import main
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_ctrl_c_ends_it_in_order_also_while_it_trains(tmp_path):
    options = ["--no-open", "--port", "0", "--json", "--epochs", "2"]
    command = [sys.executable, "-c", RUN, "explore", *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, **piped) as process:
        address, token = json.loads(process.stdout.readline())["url"].split("/?token=")
        body = json.dumps({"do": "train", "steps": 10**9}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{address}/command?token={token}", body, headers)
        urllib.request.urlopen(request, timeout=10).close()
        with urllib.request.urlopen(f"{address}/events?token={token}", timeout=10) as stream:
            assert stream.readline().startswith(b":")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
    assert (process.returncode, out, "Traceback" in err) == (0, "", False)


def test_a_run_that_diverged_is_refused_with_the_doctor_s_advice(deepstep, flowers):
    typed = "--model network --set solver=gd --learning-rate 20 --hidden-layers 4 --epochs 50"
    assert deepstep("train", flowers, "--target height --out run", typed).code == 1
    (finding,) = deepstep.json("doctor", "run")["findings"]
    result = deepstep("explore", "run", "--export", "x.html")
    result.refused(finding["says"], finding["hint"][1:], "doctor run")
    assert "smaller weights" not in result.err
