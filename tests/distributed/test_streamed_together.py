"""Workers that stream: together they are one worker, and each prepares its own rows alone."""

from pathlib import Path

import numpy as np
import pytest
import streamed_together
from test_together import arrays, torchrun

from deepstep import Network
from tables_in_parts import table, written

pytest.importorskip("torch")


def test_workers_are_one_and_share_the_rows(tmp_path):
    parts = written(tmp_path / "parts", table(700), 3, 60)
    torchrun(Path(streamed_together.__file__), parts, tmp_path, n=2)
    found = [arrays(tmp_path / f"{rank}.npz") for rank in range(2)]

    def alone(net, examples, **options):
        net.engine = "reference"
        return Network.train(net, examples, **options)

    net, history = streamed_together.train(parts, alone, [])
    for one in found:
        np.testing.assert_allclose(one["theta"], net.parameters.flat, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(one["costs"], history.costs, rtol=1e-12)
    assert found[0]["prepared"] == pytest.approx(3 * 350, rel=0.05)
    assert found[0]["prepared"] + found[1]["prepared"] == 3 * 700
