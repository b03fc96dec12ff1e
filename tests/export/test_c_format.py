"""The file of C: no warning, no allocation, codes of texts."""

import re
import subprocess
from pathlib import Path

import numpy as np
import polars
import pytest

from deepstep import Network
from deepstep.errors import ConfigurationError
from deepstep.export import export
from deepstep.export.c_format import FLAGS, compiler
from deepstep.export.models import exported
from export_models import fitted, one_network


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
    model = fitted("network", "category", "number")
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
    rows = polars.DataFrame({"x": [0.5] * 4, "category": texts, "number": [np.nan] * 4})
    found = np.array([line.split()[:3] for line in lines], float)
    assert np.max(np.abs(found - model.predict_proba(rows))) < 1e-6
    assert lines[0].endswith(" a")
    assert refused == "1"


@pytest.mark.parametrize("name", ["model.c", "model.onnx"])
def test_a_large_mean_and_a_small_spread(cc: list[str], name: str, tmp_path: Path) -> None:
    """Rows of float64, as float32 has no differences of 10 at 1e9."""
    x = 1e9 + 10 * np.random.default_rng(0).normal(size=300)
    model = one_network(polars.DataFrame({"x": x}), x > 1e9, hidden_layer_sizes=4, max_iter=30)
    assert export(model, tmp_path / name).difference < 1e-6


@pytest.mark.slow
def test_no_allocation_and_its_headers(cc: list[str], tmp_path: Path) -> None:
    export(fitted("ensemble"), tmp_path / "model.c")
    text = (tmp_path / "model.c").read_text()
    assert not re.search(r"\b(malloc|calloc|realloc|free|alloca)\b", text)
    assert re.findall(r"#include (.*)", text) == ["<math.h>", "<string.h>"]
    for flag in ("-O0", "-O3"):
        subprocess.run([*cc, *FLAGS, flag, "-c", "model.c", "-o", "model.o"], cwd=tmp_path, check=True)


@pytest.mark.parametrize("command", ["", "false", "true", "cc '"])
def test_a_compiler_that_does_not_work(command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CC", command)
    if not command:
        monkeypatch.setenv("PATH", str(tmp_path))
    certificate = export(Network([2, 3, 1], seed=1), tmp_path / "model.c")
    reasons = {"": "there is none of cc, gcc, clang", "cc '": 'CC is "cc \'": No closing quotation'}
    reason = reasons.get(command, f"{command} compiles no program that runs")
    assert (certificate.difference, str(certificate)) == (None, f"not run here: {reason}")
    assert f"Parity certificate: not run here: {reason}" in (tmp_path / "model.c").read_text()


def test_a_compiler_with_options_but_for_fast_arithmetic(
    cc: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CC", f"{cc[0]} -DNO='a b'")
    assert compiler() == [cc[0], "-DNO=a b"]
    assert export(Network([2, 3, 1], seed=1), tmp_path / "model.c").difference < 1e-6
    command = [*cc, "-ffast-math", "-c", "model.c", "-o", "model.o"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "-ffast-math leaves them out" in done.stderr


def test_two_models_in_one_program(cc: list[str], tmp_path: Path) -> None:
    main = "#include <stdio.h>\nfloat first(const double *row);\nfloat second(const double *row);\n"
    main += "int main(void) {\n"
    main += '    const double row[2] = {1.0, -2.0};\n    printf("%.9g %.9g", first(row), second(row));\n}\n'
    nets = {name: Network([2, 3, 1], seed=at) for at, name in enumerate(("first", "second"))}
    for name, network in nets.items():
        network.export(tmp_path / f"{name}.c")
        command = [*cc, f"-Dpredict={name}", f"-Doutput_names={name}_names", "-c", f"{name}.c"]
        subprocess.run(command, cwd=tmp_path, check=True)
    found = run(cc, tmp_path, main, str(tmp_path / "first.o"), str(tmp_path / "second.o"))
    expected = [network.forward([[1.0], [-2.0]])[0, 0] for network in nets.values()]
    assert [*map(float, found.split())] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("value", "label", "where"), [("a\0b", "a", "column 'c'"), ("a", "a\0b", "the outputs")]
)
def test_texts_with_a_zero_character(value: str, label: str, where: str, tmp_path: Path) -> None:
    rows = polars.DataFrame({"c": [value, "other", "third"] * 20})
    model = one_network(rows, [label, "x", "y"] * 20)
    with pytest.raises(ConfigurationError, match=rf"code 0 for to='c', got 'a.x00b' in {where}"):
        export(model, tmp_path / "model.c")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("length", [4095, 4096])
def test_texts_beyond_a_literal(cc: list[str], length: int, tmp_path: Path) -> None:
    """C99 promises literals of 4,095 bytes; the texts have quotes, trigraphs and other scripts."""
    texts = [(sign * length)[:length] for sign in ('a"\\??/\n', "b")]
    texts = [*texts, ("ä" * length).encode()[: length // 2 * 2].decode()]
    rows = polars.DataFrame({"c": texts * 20})
    model = one_network(rows, texts * 20, hidden_layer_sizes=4)
    certificate = export(model, tmp_path / "model.c")
    assert certificate.difference is not None
    main = """#include "model.c"
#include <stdio.h>
int main(void) {
    for (int i = 0; i < N_OUTPUTS; i++) printf("%d ", (int)code_0_c(output_names[i]));
    printf("%d", (int)code_0_c(""));
    return 0;
}
"""
    codes = exported(model).program.inputs[0].settings["values"]
    assert run(cc, tmp_path, main) == " ".join(str(codes.index(one)) for one in sorted(texts)) + " 3"


def test_names_in_comments(tmp_path: Path) -> None:
    name = 'it\'s "a" */ /* ä'
    export(one_network(polars.DataFrame({name: np.arange(60.0)}), [0, 1] * 30), tmp_path / "model.c")
    line = next(one for one in (tmp_path / "model.c").read_text().splitlines() if "row[0]" in one)
    assert line == r"""   row[0] 'it\'s "a" * / / * \xe4': a number"""
