"""`gliascope info`: what is installed. Reads files only; NumPy and ONNX Runtime take too long to import."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
from importlib import metadata, util
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gliascope import __version__
from gliascope.cli.options import AsJson, Quiet, Verbose
from gliascope.errors import BundleError

SCHEMA: Final = "gliascope.info/1"
"""Name and version of the JSON form; the number rises when a key changes its meaning or goes."""

EMBEDDED: Final = Path(__file__).parents[1] / "models" / "default"
ASSESSOR: Final = Path(__file__).parents[1] / "models" / "assessor" / "assessor.json"

PACKAGES: Final = ("numpy", "opencv-python-headless", "keras", "tensorflow-cpu", "tensorflow")
RUNTIMES: Final = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-rocm", "onnxruntime-directml", "onnxruntime-openvino")
DEVICES: Final = ("cpu", "cuda", "rocm", "directml", "coreml", "openvino")
BUNDLE_KEYS: Final = ("name", "created", "wiring", "operating_points", "summary", "evaluation")

Model = Annotated[
    Path | None, typer.Option("--model", metavar="BUNDLE", help="Show this bundle instead of the embedded one.")
]


def info(model: Model = None, as_json: AsJson = False, quiet: Quiet = False, verbose: Verbose = 0) -> None:
    """Show versions, the embedded model, what it was trained on, and the devices that can be used."""
    values = collect(EMBEDDED if model is None else model, required=model is not None)
    print(json.dumps(values, indent=2) if as_json else describe(values))


def collect(bundle: Path, *, required: bool) -> dict[str, Any]:
    """Gather what `info` shows, as JSON values.

    Parameters
    ----------
    bundle : Path
        The bundle's folder.
    required : bool
        Whether its absence is an error.

    Returns
    -------
    dict
        ``bundle`` and ``assessor`` are None where there is none.

    Raises
    ------
    BundleError
        If the bundle's manifest cannot be read.
    """
    return {
        "schema": SCHEMA,
        "gliascope": __version__,
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "packages": _versions((*RUNTIMES, *PACKAGES)),
        "devices": _devices(),
        "bundle": _bundle(bundle, required),
        "assessor": _assessor(ASSESSOR),
    }


def describe(values: dict[str, Any]) -> str:
    """Turn the result of `collect` into lines for people."""
    packages = ", ".join(f"{name} {version}" for name, version in values["packages"].items())
    lines = [
        f"gliascope {values['gliascope']}, Python {values['python']}, {values['platform']}",
        f"packages   {packages}",
        f"devices    {', '.join(values['devices']) or 'none: onnxruntime is not installed'}",
    ]
    if (assessor := values["assessor"]) is not None:
        fitted = f"{assessor['patients']} patients of {assessor['data']}"
        lines.append(f"assessor   made {assessor['created']} from {fitted}, sha256 {assessor['sha256']}")
    bundle = values["bundle"]
    if bundle is None:
        return "\n".join(
            [*lines, "model      none: this installation holds no model bundle; name one with --model BUNDLE"]
        )
    lines += [
        f"model      {bundle['name']}, made {bundle['created']}, wiring {bundle['wiring']}, recipe {bundle['recipe']}",
        f"sha256     {bundle['sha256']}",
        f"folder     {bundle['path']}",
    ]
    for title, part in {"thresholds": "operating_points", "trained on": "summary", "measured": "evaluation"}.items():
        lines += [title, *_rows(bundle[part])]
    return "\n".join([*lines, "Research software, never a diagnosis."])


def _versions(names: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _devices() -> list[str]:
    """Names of devices, told by the provider libraries that lie in ONNX Runtime's folder."""
    spec = util.find_spec("onnxruntime")
    if spec is None or not spec.submodule_search_locations:
        return []
    files = [one.name for one in Path(spec.submodule_search_locations[0], "capi").iterdir()]
    found = {match[1] for one in files if (match := re.search(r"onnxruntime_providers_([a-z]+)\.", one))}
    directml = any(one.lower() == "directml.dll" for one in files)
    present = {"directml": directml, "coreml": sys.platform == "darwin", "cpu": True}
    return [one for one in DEVICES if one in found or present.get(one)]


def _bundle(folder: Path, required: bool) -> dict[str, Any] | None:
    path = folder / "bundle.json"
    if not required and not path.exists():
        return None
    try:
        raw = path.read_bytes()
        manifest = json.loads(raw)
        return {
            **{key: manifest[key] for key in BUNDLE_KEYS},
            "recipe": manifest["recipe"]["name"],
            "sha256": hashlib.sha256(raw).hexdigest(),
            "path": str(folder),
        }
    except OSError as error:
        raise BundleError(f"{folder}: a bundle must be a folder with a bundle.json, received {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{path}: must be a bundle's manifest, received {error!r}") from error


def _assessor(path: Path) -> dict[str, Any] | None:
    """What tells slices that can be judged; `gliascope.detect.assessor` checks it when it is used."""
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    try:
        record = json.loads(raw)
        return {
            "created": record["created"],
            "descriptor": record["descriptor"],
            "data": record["fitted_on"]["data"],
            "patients": record["fitted_on"]["patients"],
            "limits": record["limits"],
            "sha256": hashlib.sha256(raw).hexdigest(),
            "path": str(path.parent),
        }
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{path}: must be an assessor's record, received {error!r}") from error


def _rows(values: dict[str, Any]) -> list[str]:
    """One line for each value; a dictionary of dictionaries takes a line for each of these."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict) and value and all(isinstance(one, dict) for one in value.values()):
            flat |= {f"{key} {inner}": one for inner, one in value.items()}
        else:
            flat[key] = value
    rows = {key.replace("_", " "): _short(value) for key, value in flat.items()}
    width = max(map(len, rows), default=0)
    return [f"  {key:{width}}  {value}" for key, value in rows.items()] or ["  not recorded"]


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_short(one)}" for key, one in value.items())
    if isinstance(value, list):
        return f"{len(value)} (listed in bundle.json)"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
