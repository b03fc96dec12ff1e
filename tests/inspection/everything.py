"""Networks and trainings with everything that there is, drawn at random."""

from typing import Any, NamedTuple

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from deepstep.engines import ReferenceSession, Settings
from deepstep.equations import ACTIVATIONS, HEADS, OPTIMIZERS, example_targets, get_head
from deepstep.network import Architecture
from deepstep.training.diagnosis import all_finite
from head_examples import head_settings

PATTERNS = st.fixed_dictionaries(
    {}, optional={name: st.just(factor) for name, factor in (("b*", 0.5), ("W1", 3.0), ("*", 0.25))}
)

SETTINGS = st.fixed_dictionaries(
    {"optimizer": st.sampled_from(sorted(OPTIMIZERS)), "seed": st.integers(0, 2**31)},
    optional={
        "l1": st.just(0.1),
        "l2": st.just(0.3),
        "weight_decay": st.just(0.2),
        "dropout": st.sampled_from([0.1, 0.5]),
        "clip_norm": st.just(0.5),
        "clip_value": st.just(0.1),
        "lr_multipliers": PATTERNS,
        "weight_decay_multipliers": PATTERNS,
    },
)


class Training(NamedTuple):
    """A session some steps on, with a batch and what the next step runs at."""

    session: ReferenceSession
    X: Any
    Y: Any
    options: dict[str, Any]

    def step(self):
        """The next step."""
        return self.session.step(self.X, self.Y, **self.options)


@st.composite
def architectures(draw):
    """Depth, widths, activations, normalization, factors and head at random."""
    layer_dims = draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    hidden = [draw(st.sampled_from(sorted(ACTIVATIONS))) for _ in layer_dims[1:-1]]
    head = get_head(draw(st.sampled_from(sorted(HEADS))))
    levels = head_settings(head.name, layer_dims[-1])
    kinds = [draw(st.sampled_from(["none", "batch", "layer"])) for _ in layer_dims[1:-1]]
    names = (*hidden, head.activation)
    scaled = draw(st.booleans())
    return Architecture(tuple(layer_dims), names, head.name, levels, tuple(kinds), scaled)


@st.composite
def trainings(draw, *, dtypes=("float64", "float32")):
    """An architecture with settings, weights or none, some steps on."""
    architecture, chosen = draw(architectures()), draw(SETTINGS)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from(dtypes))
    flat = 0.7 * rng.standard_normal(architecture.n_parameters).astype(dtype)
    parameters = architecture.lay_out(flat)
    m = draw(st.integers(1, 6))
    X = rng.standard_normal((architecture.n_inputs, m)).astype(dtype)
    head = get_head(architecture)
    Y = example_targets(head, architecture.n_outputs, m, rng=rng).astype(dtype)
    options = {"learning_rate": 0.01, "weight_decay": 0.5, "dropout": draw(st.sampled_from([1.0, 0.5]))}
    if draw(st.booleans()):
        options["sample_weight"] = rng.uniform(0.1, 2, size=m).astype(dtype)
    training = Training(ReferenceSession(architecture, parameters, Settings(**chosen)), X, Y, options)
    with np.errstate(over="ignore", invalid="ignore"):  # an exponential in the midst may leave the numbers
        for _ in range(draw(st.integers(0, 3))):
            training.step()
        after = training.session.open_step(X, Y, **options).after
    assume(all_finite(after))
    return training
