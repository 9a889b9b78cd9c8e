"""The page reference/recipe.md: every key of a recipe, from the docstrings beside the keys; used by make_pages.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gliascope.recipe import Recipe, builtin_recipes

HEAD = """# The recipe

A recipe decides how networks are prepared for, built and trained. It is a TOML file; `gliascope train --recipe FILE`
and `gliascope networks FILE` take one, or the name of a recipe that travels with the package. What is not written takes
its default, and an unknown key or an impossible value is refused with its name. A bundle keeps the whole recipe, and
`gliascope analyse` prepares images by it.

A small recipe of one's own:

```toml
name = "small"

[preparation]
size = 128

[preparation.clahe]
enabled = false

[training]
epochs = 20
```

Made from the keys' own docstrings by `make docs`.
"""

WORDS = {bool: "`true` or `false`", int: "whole number", float: "number", str: "text"}
LIMITS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below", "multiple_of": "a multiple of"}
LENGTHS = ("min_length", "max_length")


def recipe_page() -> str:
    """Text of reference/recipe.md."""
    parts = [HEAD, *(section(name, model) for name, model in sections("", Recipe))]
    parts.append("## The recipes that travel with the package\n")
    for name in builtin_recipes():
        text = (resources.files("gliascope") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
        parts.append(f"### {name}\n\n```toml\n{text.strip()}\n```\n")
    return "\n".join(parts)


def sections(name: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Dotted names of a model and of the models inside it."""
    yield name, model
    for key, field in model.model_fields.items():
        if is_section(field):
            assert isinstance(field.annotation, type)
            yield from sections(f"{name}.{key}".lstrip("."), field.annotation)


def is_section(field: FieldInfo) -> bool:
    """Tell a section from a key with a value."""
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def section(name: str, model: type[BaseModel]) -> str:
    """Heading, introduction and table of one section."""
    title = f"## `[{name}]`" if name else "## At the top"
    introduction = (model.__doc__ or "").strip()
    rows = ["| key | values | default | meaning |", "| --- | --- | --- | --- |"]
    for key, field in model.model_fields.items():
        if not is_section(field):
            cells = (f"`{key}`", values(field), f"`{json.dumps(field.default)}`", meaning(name, key, field))
            rows.append("| " + " | ".join(cells) + " |")
    return "\n".join([title, "", *([introduction, ""] if name else []), *rows, ""])


def meaning(name: str, key: str, field: FieldInfo) -> str:
    """What a key's docstring says, in one line."""
    if not field.description:
        raise SystemExit(f"gliascope.recipe: every key must have a docstring, {name}.{key} has none")
    return " ".join(field.description.split())


def values(field: FieldInfo) -> str:
    """What a key may be, in words."""
    if get_origin(field.annotation) is UnionType:
        return ", or ".join(kind_of(one) for one in get_args(field.annotation))
    found = {name: getattr(one, name) for one in field.metadata for name in (*LIMITS, *LENGTHS) if hasattr(one, name)}
    kind = kind_of(field.annotation)
    if "min_length" in found:
        least, most = (found.get(name) for name in LENGTHS)
        if most is None:
            return f"{kind}, at least {least}"
        return f"{kind}, {least if least == most else f'{least} to {most}'} of them"
    limits = [f"{words} {json.dumps(found[name])}" for name, words in LIMITS.items() if name in found]
    if {"ge", "le"} <= set(found):
        limits = [f"{json.dumps(found['ge'])} to {json.dumps(found['le'])}", *limits[2:]]
    return ", ".join([kind, *limits])


def kind_of(annotation: Any) -> str:
    """Name a type as a reader of TOML knows it."""
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{json.dumps(one)}`" for one in get_args(annotation))
    if get_origin(annotation) is tuple:
        inner = get_args(annotation)
        if get_origin(inner[0]) is Literal:
            return f"list of {kind_of(inner[0])}"
        many = f"list of {kind_of(inner[0])}s"
        return many if Ellipsis in inner else f"{many}, {len(inner)} of them"
    if get_origin(annotation) is Annotated:
        return kind_of(get_args(annotation)[0])
    return WORDS[annotation]
