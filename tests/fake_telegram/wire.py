"""A request as it stands on the wire, turned into aiogram's model of the method; what does not fit is a violation."""

from __future__ import annotations

import json
import time
import types as python_types
import typing
from dataclasses import dataclass, field
from typing import Any

from aiogram import methods
from aiogram.types import BufferedInputFile
from aiohttp import web
from pydantic import BaseModel, ValidationError

from tests.fake_telegram.files import Upload

#: every method of the Bot API by its name on the wire, in lower case as the server compares them
METHODS: dict[str, type[methods.TelegramMethod[Any]]] = {
    model.__api_method__.lower(): model
    for name in methods.__all__
    if isinstance(model := getattr(methods, name), type)
    and issubclass(model, methods.TelegramMethod)
    and isinstance(model.__dict__.get("__api_method__"), str)
}


class Violation(Exception):
    """A request that no Bot API client may send: the bot under test has a fault."""


class NotDone(Exception):
    """An answer that is no success."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass(eq=False)
class Call:
    """One request of the bot."""

    method: str  #: its name on the wire
    fields: dict[str, str] = field(default_factory=dict)  #: as they came
    uploads: dict[str, Upload] = field(default_factory=dict)
    at: float = field(default_factory=time.monotonic)
    asked: Any = None  #: aiogram's model of the method
    in_wait: bool = False  #: made while Telegram had said to wait
    status: int = 0  #: of the answer; 0: there was none

    @property
    def chat_id(self) -> int | None:
        chat = self.fields.get("chat_id", "")
        return int(chat) if chat.lstrip("-").isdigit() else None

    def holds(self, planted: str) -> bool:
        """Say whether a string is anywhere in what was sent: fields, names of files, files."""
        needle = planted.encode()
        return any(planted in value for value in self.fields.values()) or any(
            planted in name or planted in upload.name or needle in upload.data for name, upload in self.uploads.items()
        )


async def read_form(request: web.Request, call: Call, *, limit: int) -> int:
    """Fill the call from a body of any of the three shapes; return its size in bytes. Above `limit` nothing is kept."""
    call.fields.update(request.query)
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request, call, limit=limit)
    body = await request.read()
    if request.content_type == "application/json":
        values = json.loads(body)
        call.fields.update({k: v if isinstance(v, str) else json.dumps(v) for k, v in values.items()})
    elif body:
        call.fields.update({k: v for k, v in (await request.post()).items() if isinstance(v, str)})
    return len(body)


async def _read_multipart(request: web.Request, call: Call, *, limit: int) -> int:
    total = 0
    async for part in await request.multipart():
        data = bytearray()
        while chunk := await part.read_chunk(1 << 16):
            total += len(chunk)
            if total <= limit:
                data += chunk
        name = part.name or ""
        if part.filename is None:
            call.fields[name] = data.decode()
        else:
            call.uploads[name] = Upload(bytes(data), part.filename)
    return total


def model_of(call: Call) -> methods.TelegramMethod[Any]:
    """Return the method as aiogram models it. Raises Violation for what does not fit it to the last field."""
    model = METHODS.get(call.method.lower())
    if model is None:
        raise Violation(f"{call.method}: no such method")
    unknown = call.fields.keys() - model.model_fields.keys()
    if unknown:
        raise Violation(f"{call.method}: unknown fields {sorted(unknown)}")
    used: set[str] = set()
    values: dict[str, Any] = {name: _value(model, name, value, call, used) for name, value in call.fields.items()}
    for name in call.uploads.keys() & model.model_fields.keys():
        values[name] = _file(call.uploads[name])
        used.add(name)
    if unused := call.uploads.keys() - used:
        raise Violation(f"{call.method}: uploads that no field names: {sorted(unused)}")
    try:
        asked = model.model_validate(values)
    except ValidationError as error:
        raise Violation(f"{call.method}: {error}") from error
    if extras := sorted(_extras(asked, call.method)):
        raise Violation(f"unknown fields {extras}")
    return asked


def _value(model: type[BaseModel], name: str, value: str, call: Call, used: set[str]) -> Any:
    kinds = _flat(model.model_fields[name].annotation)
    if str in kinds or value.startswith("attach://"):
        if int in kinds and value.lstrip("-").isdigit():
            return int(value)
        return _attached(value, call, used)
    try:
        return _attached(json.loads(value), call, used)
    except json.JSONDecodeError as error:
        raise Violation(f"{call.method}: {name} is no JSON: {value[:80]!r}") from error


def _flat(annotation: Any) -> set[Any]:
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, python_types.UnionType):
        return set().union(*(_flat(one) for one in typing.get_args(annotation)))
    return {annotation}


def _attached(value: Any, call: Call, used: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _attached(one, call, used) for key, one in value.items()}
    if isinstance(value, list):
        return [_attached(one, call, used) for one in value]
    if isinstance(value, str) and value.startswith("attach://"):
        name = value.removeprefix("attach://")
        if name not in call.uploads:
            raise Violation(f"{call.method}: {value} is not in the request")
        used.add(name)
        return _file(call.uploads[name])
    return value


def _file(upload: Upload) -> BufferedInputFile:
    return BufferedInputFile(upload.data, filename=upload.name)


def _extras(value: Any, where: str) -> list[str]:
    if isinstance(value, BaseModel):
        found = [f"{where}.{name}" for name in (value.model_extra or {})]
        for name in type(value).model_fields:
            found += _extras(getattr(value, name), f"{where}.{name}")
        return found
    if isinstance(value, list | tuple):
        return [extra for one in value for extra in _extras(one, where)]
    return []
