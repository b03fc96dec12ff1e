"""θ: all parameters as one flat vector with named views."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np

from deepstep.equations.graph import graph_of, layers_of
from deepstep.equations.linear import check_shape
from deepstep.equations.ops import Layer, Layout, is_weights
from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.types import AnyArray, Array, is_whole

__all__ = ["Parameters", "as_parameters"]


def layer_sizes(layer_dims: Sequence[int], setting: str = "layer_dims") -> tuple[int, ...]:
    """Check the sizes n_0 (inputs), n_1, …, n_L (outputs) and return them as plain integers."""
    hint = "For example [5, 4, 1], from the inputs to the outputs." if setting == "layer_dims" else ""
    try:
        sizes = tuple(layer_dims)
    except TypeError:
        requirement = "a list of layer sizes such as [5, 4, 1]"
        raise ConfigurationError.must_be(setting, requirement, repr(layer_dims)) from None
    if len(sizes) < 2:
        requirement = "have at least two sizes, inputs and outputs"
        raise ConfigurationError.must_be(setting, requirement, repr(list(sizes)), hint)
    for index, size in enumerate(sizes):
        if not is_whole(size, 1):
            requirement = "whole numbers of at least 1"
            raise ConfigurationError.must_be(setting, requirement, f"{size!r} as size {index}", hint)
    return tuple(int(size) for size in sizes)


def plain_layout(layer_dims: Sequence[int]) -> Layout:
    """Names and shapes of W1, b1, W2, … of a network without features."""
    return tuple(
        (f"{symbol}{layer}", (n, n_prev if symbol == "W" else 1))
        for layer, (n_prev, n) in enumerate(pairwise(layer_dims), start=1)
        for symbol in "Wb"
    )


class Parameters(Mapping[str, Array]):
    """A mapping ``"W1", "b1", "W2", …`` over one flat vector θ.

    One vector makes the update one call, the checkpoint one array and the gradient check one loop;
    the named views make the lecture's dictionaries work unchanged. Writing into ``flat`` or into a
    view changes the same numbers.

    Parameters
    ----------
    flat : array of shape (n_parameters,)
        W1 (row by row), b1, W2, b2, …; kept, not copied. float32 or float64. After W and b of a layer follow
        the parameters of its features, see ``Architecture.layout``.
    layer_dims : sequence of int
        n_0, n_1, …, n_L; empty where the shapes do not chain, which an update allows.
    layout : tuple of (str, (int, int)), optional
        Names and shapes in the order of ``flat``; by default those of a network without features.

    Raises
    ------
    ShapeError
        If the length of ``flat`` does not fit the layer sizes.
    DataError
        If ``flat`` is no array of float32 or float64: what is kept and not copied cannot be converted.

    Examples
    --------
    >>> parameters = Parameters(np.arange(4.0), [3, 1])
    >>> parameters["W1"], parameters["b1"]
    (array([[0., 1., 2.]]), array([[3.]]))
    """

    __slots__ = ("_views", "flat", "layer_dims", "layout")

    def __init__(self, flat: Array, layer_dims: Sequence[int], layout: Layout | None = None) -> None:
        if not isinstance(flat, np.ndarray) or flat.dtype not in (np.float32, np.float64):
            kind = f"dtype {flat.dtype}" if isinstance(flat, np.ndarray) else type(flat).__name__
            hint = "Pass numpy.asarray(flat, dtype=float)."
            raise DataError.must_be("flat", "a NumPy array of float32 or float64", kind, hint)
        self.flat, self.layer_dims = flat, tuple(layer_dims)
        self.layout = plain_layout(self.layer_dims) if layout is None else layout
        size = sum(n * columns for _, (n, columns) in self.layout)
        if flat.shape != (size,):
            requirement = f"have {size} numbers for the layer sizes {list(self.layer_dims)}"
            raise ShapeError.must_be("flat", requirement, f"shape {flat.shape}")
        self._views: dict[str, Array] = {}
        start = 0
        for name, (n, columns) in self.layout:
            self._views[name] = flat[start : start + n * columns].reshape(n, columns)
            start += n * columns

    @classmethod
    def from_dict(
        cls,
        values: Mapping[str, Any],
        *,
        chained: bool = True,
        layers: Sequence[Layer] | None = None,
    ) -> Self:
        """Build parameters from a dictionary such as the lecture's; the arrays are copied.

        Parameters
        ----------
        values : mapping
            ``"W1"`` (n_1, n_0), ``"b1"`` (n_1, 1), … without gaps; the parameters of a feature, such as
            ``"gamma1"`` of a normalized layer, turn it on. Whole numbers become float64; float32 stays when
            everything is float32.
        chained : bool, optional
            Whether each W has to follow the layer before, as in a network.
        layers : sequence of Layer, optional
            The layers of the network; by default those that the names and shapes tell.

        Returns
        -------
        Self
            Over a new vector.

        Raises
        ------
        ShapeError
            If a key is missing or unknown, or the shapes do not chain.
        DataError
            If an entry is not numeric or its rows differ in length.

        Examples
        --------
        >>> Parameters.from_dict({"W1": [[1, 2]], "b1": [[3]]}).flat
        array([1., 2., 3.])
        """
        n_layers = sum(1 for name in values if isinstance(name, str) and name[:1] == "W")
        plain = {f"{symbol}{layer}" for layer in range(1, n_layers + 1) for symbol in "Wb"}
        if not plain or not plain <= set(values):
            raise _other_keys(values)
        arrays = {name: _as_float(value, name) for name, value in values.items()}
        for layer in range(1, n_layers + 1):
            _check_weights(arrays, layer, chained=chained and layer > 1)
        layers = layers_of(arrays, ["identity"] * n_layers) if layers is None else layers
        layout = graph_of(layers).layout
        if {name for name, _ in layout} != set(values):
            raise _other_keys(values)
        for name, shape in layout:
            _check_shape(name, arrays[name], shape)
        dtype = np.result_type(*arrays.values())
        flat = np.concatenate([arrays[name].ravel() for name, _ in layout], dtype=dtype)
        return cls(flat, _layer_dims(layers), layout)

    def like(self, flat: Array) -> "Parameters":
        """Parameters of the same shapes over another vector.

        Parameters
        ----------
        flat : array of shape (n_parameters,)
            float32 or float64; kept, not copied.

        Returns
        -------
        Parameters

        Raises
        ------
        ShapeError, DataError
            As for the class.
        """
        return Parameters(flat, self.layer_dims, self.layout)

    @property
    def n_layers(self) -> int:
        """L, the number of layers."""
        return sum(is_weights(name) for name, _ in self.layout)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        return self.flat.dtype

    def copy(self) -> "Parameters":
        """A copy of the numbers in a new vector.

        Returns
        -------
        Parameters
        """
        return self.like(self.flat.copy())

    def astype(self, dtype: Any) -> "Parameters":
        """A copy of the numbers in another precision.

        Parameters
        ----------
        dtype : numpy.dtype or str
            float32 or float64.

        Returns
        -------
        Parameters
        """
        return self.like(self.flat.astype(dtype))

    def to_dict(self) -> dict[str, Array]:
        """Copies of the arrays under their names, as `from_dict` takes them.

        Returns
        -------
        dict
        """
        return {name: view.copy() for name, view in self._views.items()}

    def __getitem__(self, name: str) -> Array:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parameters):
            return NotImplemented
        return self.layout == other.layout and np.array_equal(self.flat, other.flat)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return Parameters, (self.flat, self.layer_dims, self.layout)

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.layer_dims)) or "shapes that do not chain"
        return f"Parameters({sizes}, {self.flat.size} numbers, {self.dtype})"

    def _repr_html_(self) -> str:
        from deepstep.data.text_formats import html_table

        rows = [
            (name, "×".join(map(str, value.shape)), f"{value.mean():.4g}", f"{value.std():.4g}")
            for name, value in self.items()
        ]
        return html_table(("name", "shape", "mean", "standard deviation"), rows, caption=repr(self))


def as_parameters(parameters: Mapping[str, Any], *, chained: bool = True) -> Parameters:
    """`Parameters` as they are, any other mapping through `Parameters.from_dict`.

    Parameters
    ----------
    parameters : mapping
        ``"W1"``, ``"b1"``, …: `Parameters` or a plain dictionary.
    chained : bool, optional
        Whether each W has to follow the layer before, as in a network.

    Returns
    -------
    Parameters
        The same object, or a copy of the numbers.

    Raises
    ------
    DataError, ShapeError
        If it is no mapping, or as in `Parameters.from_dict`.

    Examples
    --------
    >>> as_parameters({"W1": [[1, 2]], "b1": [[3]]}).layer_dims
    (2, 1)
    """
    if isinstance(parameters, Parameters):
        return parameters
    if not isinstance(parameters, Mapping):
        raise DataError.must_be(
            "parameters",
            "a mapping with W1, b1, …",
            type(parameters).__name__,
            "Use initialize_parameters or Parameters.from_dict.",
        )
    return Parameters.from_dict(parameters, chained=chained)


def _other_keys(values: Mapping[str, Any]) -> ShapeError:
    hint = "Remove other keys and name every layer's W and b."
    requirement = "have the keys W1, b1, W2, b2, … without gaps"
    return ShapeError.must_be("parameters", requirement, f"{sorted(map(str, values))}", hint)


def _check_weights(arrays: Mapping[str, Array], layer: int, *, chained: bool) -> None:
    """Refuse a W that is no matrix or does not fit the layer before."""
    W = arrays[f"W{layer}"]
    before = arrays[f"W{layer - 1}"].shape[0] if chained else None
    if W.ndim != 2 or 0 in W.shape or before not in (None, W.shape[1]):
        known = f" with n_{layer - 1} = {before}" if before else ", at least 1 each"
        hint = f"Pass W{layer}.T." if W.ndim == 2 and W.shape[0] == before else ""
        requirement = f"have shape (n_{layer}, n_{layer - 1}){known}"
        raise ShapeError.must_be(f"W{layer}", requirement, f"shape {W.shape}", hint)


def _check_shape(name: str, value: Array, shape: tuple[int, int]) -> None:
    """Refuse a parameter that does not fit the W of its layer."""
    is_column = shape[1] == 1 and value.size == shape[0]
    check_shape(name, value, shape, f"Pass {name}.reshape(-1, 1)." if is_column else "")


def _layer_dims(layers: Sequence[Layer]) -> tuple[int, ...]:
    """n_0 … n_L; empty where the shapes do not chain."""
    if any(before.n != after.n_prev for before, after in pairwise(layers)):
        return ()
    return layers[0].n_prev, *(layer.n for layer in layers)


def _as_float(value: AnyArray, name: str) -> Array:
    try:
        array = np.asarray(value)
    except ValueError:
        raise DataError.must_be(name, "a matrix", "rows of different lengths") from None
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    if array.dtype.kind != "f":
        raise DataError.must_be(name, "hold real numbers", f"dtype {array.dtype}")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
