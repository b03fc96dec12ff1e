"""Write the addresses of the routines that a network needs into its plan and its tables.

A routine that is not on disk is compiled for that. `calls` describes how kernels call an address.
"""

from functools import cache
from typing import Any

from deepstep.engines.compiled import embeddings, gradient, normalization, step, updates
from deepstep.engines.compiled.activations import ACTIVATIONS, drop
from deepstep.engines.compiled.calls import address_of
from deepstep.engines.compiled.heads import LOSSES, OUTPUTS
from deepstep.engines.compiled.layout import BATCH, NONE
from deepstep.engines.compiled.lowering import Tables
from deepstep.types import AnyArray


def link_training(plan: AnyArray, tables: Tables, head: str, dtype: Any) -> None:
    """Write the addresses of what training steps call into plan and tables; 0 for what they do not call."""
    layers = tables.layers
    row = plan[0]
    is_embedded = tables.embedded.rows > 0
    has_input_factors = layers["s"][1] >= 0  # where s1 begins in θ; -1 where the inputs have no factors
    _link_layers(layers, dtype, ("forth", "back"))
    for name, routine, wanted in (
        ("forward", step.forward_pass, True),
        ("backward", step.backward_pass, True),
        ("gradient", gradient.gradient_and_update, True),
        ("loss", LOSSES[head], True),
        ("update", updates.UPDATES[int(row["rule"])], True),
        ("regularize", updates.regularize, row["l1"] > 0 or row["l2"] > 0),
        ("update_whole", gradient.update_whole, row["clip_norm"] > 0 or is_embedded),
        ("drop", drop, layers["drop"].any()),
        ("scale_weights", gradient.scale_weights, has_input_factors),
        ("through_the_scale", gradient.through_the_scale, has_input_factors),
        ("gradient_of_the_scale", gradient.gradient_of_the_scale, has_input_factors),
        ("run_along", normalization.run_along, (layers["normalization"] == BATCH).any()),
        ("embed", embeddings.embed, is_embedded),
        ("through_the_stages", embeddings.through_the_stages, is_embedded),
        ("gradients_of_stages", embeddings.gradients_of_stages, is_embedded),
    ):
        row[name] = address_of(routine, dtype) if wanted else 0


def link_prediction(tables: Tables, dtype: Any) -> None:
    """Write the addresses of what predictions call before the activation of the output into the tables."""
    _link_layers(tables.layers, dtype, ("standardize",))
    # Row 0 is the inputs, which have no activation: its column has the routine that embeds rows, or 0.
    if tables.embedded.rows:
        tables.layers[0]["activate"] = address_of(embeddings.embed_rows, dtype)


@cache
def outputs_address(output: str, dtype: Any) -> int:
    """The address of the activation that maps logits to outputs; 0 for identity, which is not called."""
    return address_of(OUTPUTS[output], dtype) if output in OUTPUTS else 0


def _link_layers(layers: AnyArray, dtype: Any, passes: tuple[str, ...]) -> None:
    """Write the addresses of the activations of hidden layers, and of their normalization in these passes."""
    for layer in layers[1:-1]:
        layer["activate"] = address_of(ACTIVATIONS[int(layer["activation"])], dtype)
        kind = int(layer["normalization"])
        if kind != NONE:
            for name in passes:
                layer[name] = address_of(normalization.ROUTINES[kind][name], dtype)
