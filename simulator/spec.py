"""Requests to the REST API held against Twilio's own OpenAPI description of it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]
FORM = "application/x-www-form-urlencoded"
PLACEHOLDER = re.compile(r"\\\{(\w+)\\\}")
FORMATS = {
    "uri": re.compile(r"https?://[^\s]+"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "date-time": re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d))?"),
}
TYPES = {"boolean": r"true|false", "integer": r"-?\d+", "number": r"-?\d+(\.\d+)?"}


@dataclass(frozen=True)
class Operation:
    """One method of one path: what may stand in the path and among the parameters."""

    path: re.Pattern[str]
    in_path: Mapping[str, Schema]
    fields: Mapping[str, Schema]
    required: frozenset[str]


class Spec:
    """The description, read once from its JSON file."""

    def __init__(self, file: Path | str) -> None:
        document = json.loads(Path(file).read_text(encoding="utf-8"))
        self._schemas: Mapping[str, Schema] = document["components"]["schemas"]
        self._operations: dict[str, list[Operation]] = {}
        for path, item in document["paths"].items():
            for method in ("get", "post", "delete"):
                if method in item:
                    found = _operation(path, item, item[method])
                    self._operations.setdefault(method.upper(), []).append(found)

    def misfits(self, method: str, path: str, pairs: Sequence[tuple[str, str]]) -> list[str]:
        """What Twilio would not understand, or would refuse. Empty: the request fits."""
        for operation in self._operations.get(method, []):
            if match := operation.path.fullmatch(path):
                return [*self._in_path(operation, match), *self._in_fields(operation, pairs)]
        return ["there is no such path"]

    def _in_path(self, operation: Operation, match: re.Match[str]) -> Iterator[str]:
        for name, value in match.groupdict().items():
            yield from self._judge(name, operation.in_path[name], value)

    def _in_fields(self, operation: Operation, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
        names = [name for name, _ in pairs]
        for name in sorted(operation.required - set(names)):
            yield f"{name} is missing"
        for name, value in pairs:
            schema = operation.fields.get(name)
            if schema is None:
                yield f"{name} is not a parameter"
                continue
            schema = self._resolved(schema)
            if schema.get("type") == "array":
                schema = schema.get("items", {})
            elif names.count(name) > 1:
                yield f"{name} stands there {names.count(name)} times"
            yield from self._judge(name, schema, value)

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        return self._schemas[reference.rpartition("/")[2]] if reference else schema

    def _judge(self, name: str, schema: Schema, value: str) -> Iterator[str]:
        """One value against its schema; of text in forms only what these descriptions use."""
        schema = self._resolved(schema)
        if "enum" in schema and value not in schema["enum"]:
            yield f"{name}={value!r} is none of {schema['enum']}"
        if (pattern := TYPES.get(schema.get("type", ""))) and not re.fullmatch(pattern, value):
            yield f"{name}={value!r} is no {schema['type']}"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{name}={value!r} is not like {schema['pattern']}"
        if (form := FORMATS.get(schema.get("format", ""))) and not form.fullmatch(value):
            yield f"{name}={value!r} is no {schema['format']}"
        if "minimum" in schema and re.fullmatch(r"-?\d+", value) and int(value) < schema["minimum"]:
            yield f"{name}={value!r} is below {schema['minimum']}"
        if "maximum" in schema and re.fullmatch(r"-?\d+", value) and int(value) > schema["maximum"]:
            yield f"{name}={value!r} is above {schema['maximum']}"


def _operation(path: str, item: Schema, method: Schema) -> Operation:
    parameters = [*item.get("parameters", []), *method.get("parameters", [])]
    in_path = {one["name"]: one["schema"] for one in parameters if one["in"] == "path"}
    fields = {one["name"]: one["schema"] for one in parameters if one["in"] == "query"}
    required = {one["name"] for one in parameters if one["in"] == "query" and one.get("required")}
    form = method.get("requestBody", {}).get("content", {}).get(FORM, {}).get("schema", {})
    pattern = re.compile(PLACEHOLDER.sub(r"(?P<\1>[^/]+?)", re.escape(path)))
    return Operation(
        pattern, in_path, {**fields, **form.get("properties", {})},
        frozenset(required | set(form.get("required", []))),
    )  # fmt: skip
