"""What asks for fused steps, and what is said where they cannot be."""

import os

import pytest

from deepstep import Network
from deepstep.engines import describe_engines, open_session
from deepstep.errors import ConfigurationError

torch = pytest.importorskip("torch")

from torch import _inductor  # noqa: E402

from deepstep.engines.torch import devices, fused  # noqa: E402
from deepstep.engines.torch.devices import Described  # noqa: E402


@pytest.mark.parametrize(
    ("name", "cuda", "lacks", "expected"),
    [
        ("", False, "", (False, False, "")),
        ("cpu:plain", False, "", (False, False, "")),
        ("cpu:fused", False, "", (True, True, "")),
        ("fused", False, "", (True, True, "")),
        ("cuda", True, "", (True, False, "")),
        ("cuda:1", True, "", (True, False, "")),
        ("cuda:plain", True, "", (False, False, "")),
        ("cuda:1:fused", True, "", (True, True, "")),
        (
            "cuda",
            True,
            "Triton is not installed",
            (False, False, "steps are not fused: Triton is not installed"),
        ),
    ],
)
def test_the_rule(name, cuda, lacks, expected, monkeypatch):
    monkeypatch.setattr(fused, "device_of", lambda device, where: torch.device(device or "cpu"))
    monkeypatch.setattr(fused, "what_fusing_lacks", lambda device: (lacks, "pip install triton"))
    found = fused.asked_for(name)
    assert found[1:] == expected
    assert (found.device.type == "cuda") == cuda


def test_what_is_missing_is_refused_with_the_command(monkeypatch):
    monkeypatch.setattr(fused.shutil, "which", lambda name: None)
    monkeypatch.setattr(fused.sys, "platform", "linux")
    monkeypatch.delenv("CXX", raising=False)
    net = Network([3, 2, 1], seed=1)
    with pytest.raises(
        ConfigurationError, match=r"fused steps on 'cpu'; there is no C\+\+ compiler.*install g"
    ):
        open_session("torch:cpu:fused", net.architecture, net.parameters)
    assert open_session("torch:cpu", net.architecture, net.parameters).why == ""


def test_a_gpu_without_triton(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(fused, "find_spec", lambda name: None)
    why = fused.what_fusing_lacks(torch.device("cuda"))
    assert why == ("Triton is not installed", "pip install triton")
    here = Described("cuda", True, "a GPU", ("float32",), "bfloat16 is slow", "")
    told = "bfloat16 is slow; steps are not fused: Triton is not installed"
    assert fused.note_on_fusing(here)[4:] == (told, "pip install triton")
    there = here._replace(available=False)
    assert fused.note_on_fusing(there) == there
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (6, 1))
    assert "compute capability" in fused.what_fusing_lacks(torch.device("cuda"))[0]
    assert fused.what_fusing_lacks(torch.device("mps"))[0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cpu:fuse", r"--engine: device of the torch engine is one of 'cpu', .*Did you mean 'cpu:fused'\?"),
        ("cpu:Fused", r"got 'cpu:Fused'\. Did you mean 'cpu:fused'\?"),
        ("cuda:palin", r"got 'cuda:palin'\. Did you mean 'cuda:plain'\?"),
        ("cpu:fused:fused", "got 'cpu:fused:fused'"),
        ("fused:cpu", "got 'fused:cpu'"),
        ("::fused", "got '::fused'"),
        ("fuse", "got 'fuse'.*'fused' or 'plain'"),
    ],
)
def test_misspelt_names_are_told_as_they_came(name, words):
    with pytest.raises(ConfigurationError, match=words):
        fused.asked_for(name, "--engine")


def test_kernels_are_for_the_threads_that_are_asked_for(monkeypatch):
    given = {}
    monkeypatch.setattr(_inductor, "compile", lambda graph, tensors, options: given.update(options))
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            fused.compiled(torch.fx.symbolic_trace(torch.nn.Identity()), [torch.ones(2)])
            assert given["cpp.threads"] == threads
            assert hasattr(_inductor.config.cpp, "threads")
    finally:
        torch.set_num_threads(before)


def test_the_compiler_that_is_looked_for_is_the_one_that_is_taken(monkeypatch):
    looked_for = []
    monkeypatch.setattr(fused.shutil, "which", looked_for.append)
    cpu, taken = torch.device("cpu"), _inductor.config.cpp.cxx[-1]
    if "CXX" not in os.environ:
        fused.what_fusing_lacks(cpu)
        assert looked_for == [taken]
    monkeypatch.setenv("CXX", "nonesuch")
    assert fused.what_fusing_lacks(cpu) == ("CXX names a compiler that is not there, 'nonesuch'", "")


def test_a_driver_that_is_broken_is_described(monkeypatch):
    def broken(device):
        raise RuntimeError("no answer from the driver")

    monkeypatch.setattr(devices, "missing", lambda device: "")
    monkeypatch.setattr(torch.cuda, "get_device_name", broken)
    reference, _, told = describe_engines()
    assert reference.available
    assert (told.name, told.available) == ("torch", False)
    assert told.note == "PyTorch cannot be used (RuntimeError: no answer from the driver)"
