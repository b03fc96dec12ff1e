"""Tables as text, and the layers of a network."""

from collections.abc import Sequence

from deepstep.equations.ops import symbol_and_layer
from deepstep.network import Architecture, Parameters


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned with spaces."""
    table = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return "\n".join(line.rstrip() for line in lines)


def layer_names(shape: Architecture) -> list[str]:
    """The activation of each layer with its normalization; for the last one the head."""
    hidden = zip(shape.activations[:-1], shape.normalization, strict=True)
    names = [f"{'' if kind == 'none' else f'{kind} norm, '}{activation}" for activation, kind in hidden]
    return [*names, shape.output]


LAYERS = ("layer", "activation", "units", "W", "b", "parameters")  # the header of `layer_rows`


def layer_rows(shape: Architecture, parameters: Parameters) -> list[tuple[str, ...]]:
    """Layers with the shapes and numbers of their parameters."""
    inputs = ["input", *(["scaled"] if shape.input_scale else [])]
    inputs += [f"of {shape.shared_members} members"] if shape.shared_members else []
    inputs += [name.replace("_", " ") for name in shape.features]
    rows: list[tuple[str, ...]] = [("0", ", ".join(inputs), str(shape.n_inputs), "", "", "0")]
    for layer, name in enumerate(layer_names(shape), start=1):
        W, b = parameters[f"W{layer}"].shape, parameters[f"b{layer}"].shape
        own = (value.size for key, value in parameters.items() if symbol_and_layer(key)[1] == layer)
        rows.append((str(layer), name, str(W[0]), str(W), str(b), f"{sum(own):,}"))
    return rows
