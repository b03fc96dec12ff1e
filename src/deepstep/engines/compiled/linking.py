"""Addresses of the routines that a network needs, in its tables: what is not on disk is compiled."""

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
    """Addresses of what steps call."""
    layers, record, rule, embedded = tables.layers, plan[0], int(plan["rule"][0]), tables.embedded.rows > 0
    _link_layers(layers, dtype, ("forth", "back"))
    scaled = layers["s"][1] >= 0
    for name, routine, wanted in (
        ("forward", step.forward_pass, True),
        ("backward", step.backward_pass, True),
        ("gradient", gradient.gradient_and_update, True),
        ("loss", LOSSES[head], True),
        ("update", updates.UPDATES[rule], True),
        ("regularize", updates.regularize, record["l1"] > 0 or record["l2"] > 0),
        ("update_whole", gradient.update_whole, record["clip_norm"] > 0 or embedded),
        ("drop", drop, layers["drop"].any()),
        ("scale_weights", gradient.scale_weights, scaled),
        ("through_the_scale", gradient.through_the_scale, scaled),
        ("gradient_of_the_scale", gradient.gradient_of_the_scale, scaled),
        ("run_along", normalization.run_along, (layers["normalization"] == BATCH).any()),
        ("embed", embeddings.embed, embedded),
        ("through_the_stages", embeddings.through_the_stages, embedded),
        ("gradients_of_stages", embeddings.gradients_of_stages, embedded),
    ):
        record[name] = address_of(routine, dtype) if wanted else 0


def link_prediction(tables: Tables, dtype: Any) -> None:
    """Addresses of what predictions call before the outputs."""
    _link_layers(tables.layers, dtype, ("standardize",))
    if tables.embedded.rows:
        tables.layers[0]["activate"] = address_of(embeddings.embed_rows, dtype)


@cache
def outputs_address(output: str, dtype: Any) -> int:
    """The activation that maps logits to outputs; 0 for identity."""
    return address_of(OUTPUTS[output], dtype) if output in OUTPUTS else 0


def _link_layers(layers: AnyArray, dtype: Any, columns: tuple[str, ...]) -> None:
    """Addresses of the activations of hidden layers, and of how they are normalized."""
    for layer in layers[1:-1]:
        layer["activate"] = address_of(ACTIVATIONS[int(layer["activation"])], dtype)
        kind = int(layer["normalization"])
        for column in columns if kind != NONE else ():
            layer[column] = address_of(normalization.ROUTINES[kind][column], dtype)
