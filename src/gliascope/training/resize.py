"""A bundle's networks for images of another size: the weights stay, and so does nothing that was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from gliascope.bundle import LICENCE, Bundle, write_bundle
from gliascope.errors import BundleError
from gliascope.evaluate.card import model_card
from gliascope.recipe import recipe_from_dict

Size = tuple[int, int]


def resize_bundle(bundle: Bundle, size: Size, out: str | Path, *, name: str | None = None) -> Bundle:
    """Write a bundle whose networks take images of another size.

    Convolutions do not know the size of an image, so that the weights are the same. What networks say of larger or
    smaller images differs all the same: figures, the interval of the volume and graphs in 8-bit integers are left out,
    calibration and thresholds are kept for want of better ones.

    Parameters
    ----------
    bundle : Bundle
    size : (int, int)
        Rows and columns, multiples of 32.
    out : path
        The new bundle's folder.
    name : str, optional
        Of the new bundle; the old one's and the size by default.

    Returns
    -------
    Bundle

    Raises
    ------
    RecipeError
        If the size is none that a recipe may have.
    BundleError
        If a graph's size cannot be changed, or the bundle cannot be written.
    """
    values = bundle.recipe.model_dump(mode="json")
    values["preparation"]["size"] = size[0] if size[0] == size[1] else list(size)
    recipe = recipe_from_dict(values, bundle.recipe.name)
    old = bundle.recipe.preparation.shape
    graphs = {role: resize_graph(path, old, size) for role, path in bundle.graphs.items()}
    seen = bundle.seen()
    described: dict[str, Any] = {
        "name": name or f"{bundle.name}-{size[0]}x{size[1]}",
        "wiring": bundle.wiring,
        "recipe": recipe,
        "operating_points": bundle.operating_points,
        "calibration": bundle.calibration,
        "summary": bundle.summary | {"resized_from": {"size": list(old), "sha256": bundle.sha256}},
        "created": bundle.created,
    }
    return write_bundle(
        out,
        **described,
        graphs=graphs,
        seen=seen,
        card=model_card(**described, seen=len(seen)),
        licence=(bundle.path / LICENCE).read_text(encoding="utf-8"),
    )


def resize_graph(path: Path, old: Size, new: Size) -> bytes:
    """Change the size of the images that a fully convolutional graph takes.

    Parameters
    ----------
    path : Path
        The graph; every height and width in it follows from the size of its images.
    old, new : (int, int)
        Rows and columns; multiples of 32.

    Returns
    -------
    bytes

    Raises
    ------
    BundleError
        If the graph does not give what it gave, for the new size.
    """
    model = onnx.load(str(path))
    for value in (*model.graph.input, *model.graph.output):
        dimensions = value.type.tensor_type.shape.dim
        if len(dimensions) == 4:
            for side, before, after in zip(dimensions[1:3], old, new, strict=True):
                if side.dim_value:
                    side.dim_value = side.dim_value * after // before
    shapes = {node.input[1] for node in model.graph.node if node.op_type == "Reshape"}
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.name in shapes and values.size == 4:
            tensor.CopyFrom(numpy_helper.from_array(_sized(values, old, new), tensor.name))
    del model.graph.value_info[:]
    try:
        onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    except onnx.shape_inference.InferenceError as error:
        raise BundleError(
            f"{path}: a graph must be fully convolutional to take images of another size, received one that is not "
            f"({error})"
        ) from error
    result: bytes = model.SerializeToString()
    return result


def _sized(shape: NDArray[np.int64], old: Size, new: Size) -> NDArray[np.int64]:
    """Change rows and columns in a shape, wherever its channels stand."""
    sized = shape.copy()
    for first in (1, 2):
        if tuple(shape[first : first + 2]) == old:
            sized[first : first + 2] = new
            break
    return sized
