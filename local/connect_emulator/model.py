"""Routes and shapes of a service, read from botocore's own model.

``Service`` answers which operation a raw request names and what the error names of that operation
are. Nothing about Connect or Q in Connect is written here by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from botocore.loaders import create_loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

Each = Callable[[Shape, Any], Any]
NameOf = Callable[[str, Shape], str]

_READS = ("Describe", "Get", "List", "Lookup", "Search")
_URI_MEMBER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Route:
    """One operation's method and path; ``literals`` orders routes from exact to general."""

    method: str
    pattern: re.Pattern[str]
    literals: int
    operation: str


@dataclass(frozen=True)
class Match:
    """The operation that a request names, with the raw (still encoded) members of its path."""

    operation: str
    uri: dict[str, str]


class Service:
    """A botocore service model, indexed for serving it."""

    def __init__(self, name: str, model: ServiceModel) -> None:
        self.name = name
        self.model = model

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        routes = (_route(self.operation(name)) for name in self.model.operation_names)
        return tuple(sorted(routes, key=lambda route: -route.literals))

    def operation(self, name: str) -> OperationModel:
        return self.model.operation_model(name)

    def match(self, method: str, raw_path: str) -> Match | None:
        """Find the operation on the path as it came over the wire.

        An ARN inside a path arrives as one segment with ``%2F`` in it, so decoding the path first
        would route it elsewhere.
        """
        for route in self.routes:
            found = route.pattern.fullmatch(raw_path) if route.method == method else None
            if found:
                return Match(route.operation, found.groupdict())
        return None

    def error_statuses(self, operation: str) -> dict[str, int]:
        """Names of the errors that the operation models, with their HTTP statuses."""
        return {
            shape.name: _status(shape)
            for shape in self.operation(operation).error_shapes
            if _status(shape)
        }

    def error_shape(self, code: str) -> Shape | None:
        """The shape of an error of this service, also where the operation does not model it."""
        return self.model.shape_for(code) if code in self.model.shape_names else None

    def error_status(self, code: str) -> int:
        """The HTTP status of an error of this service; 0 where the model has none."""
        shape = self.error_shape(code)
        return _status(shape) if shape else 0


def is_read(operation: str) -> bool:
    """Whether an operation only reads, by the AWS naming rule."""
    return operation.startswith(_READS)


@cache
def load(name: str) -> Service:
    """The named service; loading takes a fraction of a second, so it is done once."""
    return Service(name, ServiceModel(create_loader().load_service_model(name, "service-2"), name))


def sensitive(shape: Shape) -> bool:
    """Whether the model marks the shape as sensitive."""
    return bool(shape.metadata.get("sensitive"))


def is_document(shape: Shape) -> bool:
    """Whether the shape is free JSON, of which the model knows nothing more."""
    return isinstance(shape, StructureShape) and bool(shape.is_document_type)


def members(shape: Shape | None) -> Iterator[tuple[str, Shape]]:
    """The members of a structure; none for an operation without input or output."""
    yield from shape.members.items() if isinstance(shape, StructureShape) else ()


def wire_name(name: str, shape: Shape) -> str:
    """The name of a member in the JSON text."""
    return str(shape.serialization.get("name", name))


def rebuild(shape: Shape, value: Any, each: Each, name_of: NameOf = wire_name) -> Any:
    """A copy of a structure, list or map with ``each`` applied to each part that is not None.

    Any other value, also one that does not fit the shape, comes back as it is.
    """
    if isinstance(shape, StructureShape) and isinstance(value, dict) and not is_document(shape):
        return {
            name_of(name, shape.members[name]): each(shape.members[name], member)
            for name, member in value.items()
            if member is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [each(shape.member, member) for member in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: each(shape.value, member) for key, member in value.items()}
    return value


def _status(shape: Shape) -> int:
    error: dict[str, Any] = shape.metadata.get("error") or {}
    return int(error.get("httpStatusCode", 0))


def _route(operation: OperationModel) -> Route:
    uri = operation.http["requestUri"]
    literals = len(_URI_MEMBER.sub("", uri))
    pattern = _URI_MEMBER.sub(r"(?P<\1>[^/]+)", uri.replace(".", r"\."))
    return Route(operation.http["method"], re.compile(pattern), literals, operation.name)
