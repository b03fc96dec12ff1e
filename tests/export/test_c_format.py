"""The file of C: no warning, no allocation, codes of texts, 8-bit weights, and its speed."""

import re
import subprocess
from pathlib import Path

import numpy as np
import polars
import pytest

from deepstep import DeepClassifier, Network
from deepstep.export import export
from deepstep.export.c_format import FLAGS, compiler
from deepstep.export.formats import get_format
from deepstep.export.models import exported
from export_models import fitted

LIMIT = 2.0
"""Microseconds of a row by a network of 1,000 parameters."""


@pytest.fixture
def cc() -> list[str]:
    """A C compiler; a test without one is skipped."""
    found = compiler()
    if not found:
        pytest.skip("there is no C compiler")
    return found


def run(cc: list[str], folder: Path, main: str, *flags: str) -> str:
    """The output of a program that includes the exported file."""
    (folder / "main.c").write_text(main)
    command = [*cc, *FLAGS, *flags, str(folder / "main.c"), "-lm", "-o", str(folder / "main")]
    subprocess.run(command, check=True, capture_output=True)
    return subprocess.run([str(folder / "main")], check=True, capture_output=True, text=True).stdout


def test_codes_and_missing_values(cc: list[str], tmp_path: Path) -> None:
    model = fitted("single", "category", "number")
    export(model, tmp_path / "model.c")
    main = r"""#include "model.c"
#include <stdio.h>
int main(void) {
    const char *const texts[4] = {"red", "\303\244'\"\\?", "unseen", NULL};
    float out[N_OUTPUTS];
    double row[N_INPUTS] = {0.5, 0.0, (double)NAN};
    for (int i = 0; i < 4; i++) {
        row[1] = code_1_category(texts[i]);
        predict(row, out);
        for (int k = 0; k < N_OUTPUTS; k++) printf("%.9g ", (double)out[k]);
        printf("%s\n", output_names[0]);
    }
    row[0] = (double)INFINITY;
    predict(row, out);
    printf("%d\n", isnan(out[0]) && isnan(out[2]));
    return 0;
}
"""
    *lines, refused = run(cc, tmp_path, main).splitlines()
    texts = ["red", "ä'\"\\?", "unseen", None]
    rows = polars.DataFrame({"x": [0.5] * 4, "category": texts, "number": [None] * 4}).cast(
        {"number": polars.Float64}
    )
    found = np.array([line.split()[:3] for line in lines], float)
    assert np.max(np.abs(found - model.predict_proba(rows))) < 1e-6
    assert lines[0].endswith(" a")
    assert refused == "1"


@pytest.mark.parametrize("name", ["model.c", "model.onnx"])
def test_a_large_mean_and_a_small_spread(cc: list[str], name: str, tmp_path: Path) -> None:
    """Rows of float64, as float32 has no differences of 10 at 1e9."""
    x = 1e9 + 10 * np.random.default_rng(0).normal(size=300)
    rows = polars.DataFrame({"x": x})
    model = DeepClassifier(4, preset="single", max_iter=30, random_state=1).fit(rows, (x > 1e9).astype(int))
    assert export(model, tmp_path / name).difference < 1e-6
    program = exported(model).program
    found = get_format(name.split(".")[1]).run(tmp_path / name, program, {"x": x.tolist()})
    assert np.max(np.abs(found - model.predict_proba(rows))) < 1e-6


def test_no_allocation_and_its_headers(cc: list[str], tmp_path: Path) -> None:
    export(fitted("tabular"), tmp_path / "model.c")
    text = (tmp_path / "model.c").read_text()
    assert not re.search(r"\b(malloc|calloc|realloc|free|alloca)\b", text)
    assert re.findall(r"#include (.*)", text) == ["<math.h>", "<string.h>"]
    for flag in ("-O0", "-O3"):
        subprocess.run([*cc, *FLAGS, flag, "-c", "model.c", "-o", "model.o"], cwd=tmp_path, check=True)


def test_one_output_is_returned(cc: list[str], tmp_path: Path) -> None:
    network = Network([2, 3, 1], output="identity", seed=1)
    network.export(tmp_path / "model.c")
    main = '#include "model.c"\n#include <stdio.h>\nint main(void) {\n'
    main += "    const double row[2] = {1.0, -2.0};\n"
    main += '    printf("%.9g", (double)predict(row));\n    return 0;\n}\n'
    assert float(run(cc, tmp_path, main)) == pytest.approx(network.forward([[1.0], [-2.0]])[0, 0], abs=1e-6)


def test_weights_of_8_bits(cc: list[str], tmp_path: Path) -> None:
    model = fitted("tabular", "number")
    whole = export(model, tmp_path / "whole.c")
    small = export(model, tmp_path / "small.c", int8=True)
    assert whole.difference < 1e-6 < small.difference <= small.bound == 0.1
    texts = [(tmp_path / name).read_text() for name in ("whole.c", "small.c")]
    assert len(texts[1]) < 0.6 * len(texts[0])
    assert "weights of 8 bits" in texts[1]
    assert f"{small.difference:.1e}" in texts[1]


def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    certificate = export(Network([2, 3, 1], seed=1), tmp_path / "model.c")
    assert certificate.difference is None
    assert str(certificate) == "not run here: there is none of cc, gcc, clang"
    assert "Parity certificate: not run here" in (tmp_path / "model.c").read_text()


def test_speed(cc: list[str], tmp_path: Path) -> None:
    network = Network([20, 30, 10, 1], seed=1)
    assert 940 <= network.architecture.n_parameters <= 1_000
    network.export(tmp_path / "model.c")
    main = r"""#include "model.c"
#include <stdio.h>
#include <time.h>
int main(void) {
    double row[N_INPUTS];
    float sum = 0.0f;
    double best = 1e9;
    for (int i = 0; i < N_INPUTS; i++) row[i] = 0.01 * i;
    for (int turn = 0; turn < 20; turn++) {
        const clock_t begin = clock();
        for (int i = 0; i < 10000; i++) { row[0] = i * 1e-4; sum += predict(row); }
        const double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
        if (seconds < best) best = seconds;
    }
    printf("%g %g", best * 1e6 / 10000, (double)sum);
    return 0;
}
"""
    microseconds = float(run(cc, tmp_path, main).split()[0])
    assert microseconds < LIMIT
