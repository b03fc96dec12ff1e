"""Loads damaged and forged model files and prints what came of it; run by ``test_model_file.py``.

python tests/network/damaged_models.py FIRST LAST
"""

import hashlib
import json
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from damage import mutant, survey, taken_apart
from deepstep import Network
from deepstep.errors import DataError, FileError

FIXTURES = Path(__file__).parent / "fixtures"
WHOLE = [FIXTURES / "model-v2.safetensors"]


def seal(header, numbers):
    """The checksum: of the JSON, of W, b and gamma of each layer, of the running statistics by name."""
    digest = hashlib.sha256(header["__metadata__"]["network"].encode())
    names = [f"{kind}{layer}" for layer in range(1, len(header)) for kind in ("W", "b", "gamma")]
    names += sorted(name for name in header if name.startswith(("mean", "variance")))
    for name in names:
        if name in header:
            digest.update(numbers[slice(*header[name]["data_offsets"])])
    return digest.hexdigest()


def numbers_of(net):
    return [
        net.parameters.flat.tobytes(),
        *(net.statistics[name].tobytes() for name in sorted(net.statistics)),
    ]


def said_by(data):
    """What the file says about the network, as an architecture has it."""
    network = json.loads(taken_apart(data)[0]["__metadata__"]["network"])
    said = {name: tuple(network[name]) for name in ("layer_dims", "activations")}
    if "output" in network:
        said["output"] = network["output"]
        said["output_settings"] = {name: tuple(value) for name, value in network["output_settings"].items()}
        kinds = network["normalization"]  # one name is spread over the hidden layers
        said["normalization"] = (
            (kinds,) * (len(said["layer_dims"]) - 2) if isinstance(kinds, str) else tuple(kinds)
        )
    return said


def load(number, path):
    """Whether the file is refused; if it is loaded, it has to be right."""
    data, which, sealed = mutant(number, [whole.read_bytes() for whole in WHOLE], "network", seal)
    path.write_bytes(data)
    try:
        net = Network.load(path)
    except FileError as error:
        return "refused" if len(str(error)) < 1000 else "refused at length"
    if not sealed:  # damage alone: only where it does no harm
        whole = Network.load(WHOLE[which])
        assert net.architecture == whole.architecture, "another network"
        assert numbers_of(net) == numbers_of(whole), "other numbers"
        assert net.seed == whole.seed, "another seed"
        return "loaded as it was"
    said = said_by(data)
    assert {name: getattr(net.architecture, name) for name in said} == said, "another network than it says"
    X = np.linspace(-1, 1, 4 * net.architecture.n_inputs).reshape(-1, 4)
    with suppress(DataError):  # numbers that are finite, and too large
        assert np.isfinite(net.forward(X)).all(), "outputs that are not finite"
    net.save(path)
    again = Network.load(path)
    assert again.architecture == net.architecture, "saved as another network"
    assert numbers_of(again) == numbers_of(net), "saved with other numbers"
    return "loaded"


def main(first, last):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant.safetensors"
        for whole in WHOLE:  # everything is imported before the limits hold
            net = Network.load(whole)
            net.forward(np.zeros((3, 1)))
            net.save(path)
        cases = ((str(number), lambda number=number: load(number, path)) for number in range(first, last))
        print(json.dumps(survey(cases, seconds=10, gigabytes=1)))  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
