"""All weights and biases as one flat vector with named views."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np

from deepstep.errors import DataError, ShapeError
from deepstep.types import AnyArray, Array


def parameter_count(layer_dims: Sequence[int]) -> int:
    """Number of weights and biases of a network with these layer sizes.

    Examples
    --------
    >>> parameter_count([2, 4, 1])
    17
    """
    return sum(n * n_prev + n for n_prev, n in pairwise(layer_dims))


class Parameters(Mapping[str, Array]):
    """A mapping ``"W1", "b1", "W2", …`` over one flat vector θ.

    One vector makes the update one call, the checkpoint one array and the gradient check one loop;
    the named views make the lecture's dictionaries work unchanged. Writing into ``flat`` or into a
    view changes the same numbers.

    Parameters
    ----------
    flat : array of shape (n_parameters,)
        W1 (row by row), b1, W2, b2, …; kept, not copied. float32 or float64.
    layer_dims : sequence of int
        n_0, n_1, …, n_L.

    Attributes
    ----------
    flat : array of shape (n_parameters,)
    layer_dims : tuple of int
        Empty where the shapes do not chain, which an update allows and a network does not.
    shapes : tuple of pairs of int
        Shapes of W1, W2, …

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

    __slots__ = ("_views", "flat", "layer_dims", "shapes")

    def __init__(self, flat: Array, layer_dims: Sequence[int]) -> None:
        self._lay_out(flat, tuple((n, n_prev) for n_prev, n in pairwise(layer_dims)), tuple(layer_dims))

    def _lay_out(self, flat: Array, shapes: tuple[tuple[int, int], ...], layer_dims: tuple[int, ...]) -> None:
        if not isinstance(flat, np.ndarray) or flat.dtype not in (np.float32, np.float64):
            raise DataError(
                "Parameters",
                "flat is a NumPy array of float32 or float64",
                f"got {f'dtype {flat.dtype}' if isinstance(flat, np.ndarray) else type(flat).__name__}",
                "Pass numpy.asarray(flat, dtype=float).",
            )
        self.flat, self.shapes, self.layer_dims = flat, shapes, layer_dims
        expected = sum(n * n_prev + n for n, n_prev in shapes)
        if flat.shape != (expected,):
            raise ShapeError(
                "Parameters",
                f"layer sizes {list(layer_dims)} have {expected} numbers in a flat vector",
                f"got shape {flat.shape}",
            )
        self._views: dict[str, Array] = {}
        start = 0
        for layer, (n, n_prev) in enumerate(shapes, start=1):
            self._views[f"W{layer}"] = flat[start : start + n * n_prev].reshape(n, n_prev)
            start += n * n_prev
            self._views[f"b{layer}"] = flat[start : start + n].reshape(n, 1)
            start += n

    @classmethod
    def from_dict(
        cls, values: Mapping[str, Any], *, chained: bool = True, where: str = "Parameters.from_dict"
    ) -> Self:
        """Build parameters from a dictionary such as the lecture's; the arrays are copied.

        Parameters
        ----------
        values : mapping
            ``"W1"`` (n_1, n_0), ``"b1"`` (n_1, 1), … without gaps and without other keys. Whole
            numbers become float64; float32 stays when everything is float32.
        chained : bool
            Whether each W has to follow the layer before, as in a network.

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
        n_layers = len(values) // 2
        names = [f"{kind}{layer}" for layer in range(1, n_layers + 1) for kind in "Wb"]
        if not names or set(names) != set(values):
            raise ShapeError(
                where,
                "the keys are W1, b1, W2, b2, … without gaps",
                f"got {sorted(map(str, values))}",
                "Remove other keys and name every layer's W and b.",
            )
        arrays = {name: _as_float(values[name], name, where) for name in names}
        shapes: list[tuple[int, int]] = []
        for layer in range(1, n_layers + 1):
            W, b = arrays[f"W{layer}"], arrays[f"b{layer}"]
            before = shapes[-1][0] if chained and shapes else None
            if W.ndim != 2 or 0 in W.shape or before not in (None, W.shape[1]):
                known = f" with n_{layer - 1} = {before}" if before else ", at least 1 each"
                raise ShapeError(
                    f"{where}, layer {layer}",
                    f"W{layer} has shape (n_{layer}, n_{layer - 1}){known}",
                    f"got {W.shape}",
                    f"Pass W{layer}.T." if W.ndim == 2 and W.shape[0] == before else "",
                )
            if b.shape != (W.shape[0], 1):
                raise ShapeError(
                    f"{where}, layer {layer}",
                    f"b{layer} is a column of shape ({W.shape[0]}, 1)",
                    f"got {b.shape}",
                    f"Pass b{layer}.reshape(-1, 1)." if b.size == W.shape[0] else "",
                )
            shapes.append((W.shape[0], W.shape[1]))
        dtype = np.result_type(*arrays.values())
        flat = np.concatenate([arrays[name].ravel() for name in names], dtype=dtype)
        return cls._of(flat, tuple(shapes))

    @classmethod
    def _of(cls, flat: Array, shapes: tuple[tuple[int, int], ...]) -> Self:
        chained = all(before[0] == after[1] for before, after in pairwise(shapes))
        parameters = cls.__new__(cls)
        layer_dims = (shapes[0][1], *(n for n, _ in shapes)) if chained else ()
        parameters._lay_out(flat, shapes, layer_dims)
        return parameters

    def like(self, flat: Array) -> "Parameters":
        """Parameters of the same shapes over another vector, which is kept and not copied."""
        return Parameters._of(flat, self.shapes)

    @property
    def n_layers(self) -> int:
        """L, the number of layers."""
        return len(self.shapes)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        return self.flat.dtype

    def copy(self) -> "Parameters":
        """The same numbers in a new vector."""
        return self.like(self.flat.copy())

    def astype(self, dtype: Any) -> "Parameters":
        """The same numbers in another precision, in a new vector."""
        return self.like(self.flat.astype(dtype))

    def to_dict(self) -> dict[str, Array]:
        """Copies of the arrays under their names."""
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
        return self.shapes == other.shapes and np.array_equal(self.flat, other.flat)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return Parameters._of, (self.flat, self.shapes)

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.layer_dims)) or "shapes that do not chain"
        return f"Parameters({sizes}, {self.flat.size} numbers, {self.dtype})"


def as_parameters(
    parameters: Mapping[str, Any], where: str = "parameters", *, chained: bool = True
) -> Parameters:
    """`Parameters` as they are, any other mapping through `Parameters.from_dict`."""
    if isinstance(parameters, Parameters):
        return parameters
    if not isinstance(parameters, Mapping):
        raise DataError(
            where,
            "parameters are a mapping with W1, b1, …",
            f"got {type(parameters).__name__}",
            "Use initialize_parameters or Parameters.from_dict.",
        )
    return Parameters.from_dict(parameters, chained=chained, where=where)


def _as_float(value: AnyArray, name: str, where: str) -> Array:
    try:
        array = np.asarray(value)
    except ValueError:
        raise DataError(where, f"{name} is a matrix", "got rows of different lengths") from None
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    if array.dtype.kind != "f":
        raise DataError(where, f"{name} holds real numbers", f"got dtype {array.dtype}")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
