"""Outputs and errors as responses, in the protocol of the service."""

from __future__ import annotations

from typing import Any

from connect_emulator.call import Call
from connect_emulator.errors import ServiceError, resolve_status
from connect_emulator.exchange import JSON, Request, Response, json_response
from connect_emulator.model import Match, Service, members
from connect_emulator.wire import encode

_CONTENT_TYPES = {"json": "application/x-amz-json-1.1"}
_UNKNOWN = "UnknownOperationException"


def success(call: Call, output: Any) -> Response:
    """The output in its shape, under the status that the model gives."""
    model = call.service.operation(call.operation)
    document = encode(model.output_shape, output)
    status = int(model.http.get("responseCode", 200))
    return _stamped(json_response(status, document, _content_type(call.service)), call.request_id)


def failure(call: Call, error: ServiceError) -> Response:
    """The error as clients recognise it: its name in a header, its members in the body.

    The code must be resolved already.
    """
    status = resolve_status(error, call.modelled_errors, call.service.error_status(error.code))
    document = _error_document(call.service, error)
    response = json_response(status, document, _content_type(call.service))
    response.headers["x-amzn-ErrorType"] = error.code
    return _stamped(response, call.request_id)


def unserved(service: Service, request: Request, match: Match | None) -> Response:
    """What a request gets that names no operation, or one that the emulator does not serve."""
    asked = f"{request.method} {request.path}"
    if match is None:
        status, message = 404, f"{asked} is not an operation of {service.name}"
    else:
        status = 501
        message = f"{asked} is {service.name}:{match.operation}, which the emulator does not serve"
    document = _error_document(service, ServiceError(_UNKNOWN, message))
    response = json_response(status, document, _content_type(service))
    response.headers["x-amzn-ErrorType"] = _UNKNOWN
    return response


def _error_document(service: Service, error: ServiceError) -> dict[str, Any]:
    shape = service.error_shape(error.code)
    default = "Message" if service.name == "connect" else "message"
    known = [name for name, _ in members(shape)] or [default]
    key = next((name for name in known if name.lower() == "message"), None)
    document = {name: value for name, value in error.details.items() if name in known}
    if key:
        document[key] = error.message
    return document | ({"__type": error.code} if _content_type(service) != JSON else {})


def _content_type(service: Service) -> str:
    return _CONTENT_TYPES.get(str(service.model.metadata["protocol"]), JSON)


def _stamped(response: Response, request_id: str) -> Response:
    response.headers["x-amzn-RequestId"] = request_id
    return response
