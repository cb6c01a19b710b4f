"""Writes `models.py`."""

from simulators.claude.brain.types import FieldOf, Model, literal, spelled, used
from simulators.claude.brain.writing import docstring

_HEAD = '''"""What the operations of the API take and answer.

Lenient: unknown fields are kept, and what the document does not require is optional.
"""

from __future__ import annotations

from pydantic import {imports}


class Model(BaseModel):
    """The base of all: fields carry the names of the API as aliases."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True, protected_namespaces=())
'''


def _field(one: FieldOf) -> str:
    arguments = [] if one.required else ["default=None"]
    if one.wire != one.name:
        arguments.append(f"alias={literal(one.wire)}")
    if one.doc:
        arguments.append(f"description={literal(one.doc)}")
    annotation = f"    {one.name}: {spelled(one.type)}"
    if arguments == ["default=None"]:
        return f"{annotation} = None"
    return f"{annotation} = Field({', '.join(arguments)})" if arguments else annotation


def _model(model: Model) -> str:
    fields = "\n".join(_field(one) for one in model.fields)
    return f"class {model.name}(Model):\n{docstring(model.doc, 4)}\n" + (f"\n{fields}\n" if fields else "")


def models_code(models: dict[str, Model]) -> str:
    """The module with all models; those that refer to a later one are completed at its end."""
    order = list(models)
    needs = {name: set().union(*(used(one.type) for one in models[name].fields)) for name in order}
    late = [name for at, name in enumerate(order) if needs[name] & set(order[at + 1 :])]
    imports = ["BaseModel", "ConfigDict"]
    imports += ["Field"] if any("= Field(" in _field(f) for m in models.values() for f in m.fields) else []
    imports += ["JsonValue"] if any("JsonValue" in names for names in needs.values()) else []
    parts = [_HEAD.format(imports=", ".join(imports)), *(_model(models[name]) for name in order)]
    if late:
        parts.append("\n".join(f"{name}.model_rebuild()" for name in late) + "\n")
    return "\n\n".join(parts)
