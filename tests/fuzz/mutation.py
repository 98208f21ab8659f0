"""Seeded mutations: of bytes, and of the fields of a protobuf message, so that most of what results still parses."""

import random
import struct
from collections.abc import Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_MOST_EDITS = 6
_INTEGERS = (0, 1, 2, 63, 64, 127, 128, 255, 256, 4095, 4096, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)
_REALS = (0.0, -0.0, 1.0, -1.0, 1e-320, 1e-9, 1e300, float("inf"), float("-inf"), float("nan"))
_TEXTS = ("", "\0", "x" * 300, "ß→∞", "../../etc", "{}", "0" * 64, "%s%n", "\n\x1b[31m")
_LARGEST = {
    FieldDescriptor.CPPTYPE_UINT32: 2**32 - 1,
    FieldDescriptor.CPPTYPE_INT32: 2**31 - 1,
    FieldDescriptor.CPPTYPE_ENUM: 2**31 - 1,
    FieldDescriptor.CPPTYPE_UINT64: 2**64 - 1,
    FieldDescriptor.CPPTYPE_INT64: 2**63 - 1,
}


def mutated_bytes(data: bytes, rng: random.Random, tokens: Sequence[bytes] = ()) -> bytes:
    """Return bytes with one to six edits; `tokens` are pieces of the format that an edit may insert."""
    edited = bytearray(data)
    for _ in range(rng.randint(1, _MOST_EDITS)):
        _edit(edited, rng, tokens)
    return bytes(edited)


def _edit(data: bytearray, rng: random.Random, tokens: Sequence[bytes]) -> None:
    place = rng.randrange(len(data) + 1)
    match rng.randrange(8):
        case 0 | 1 if data:
            data[place % len(data)] = rng.randrange(256)
        case 2 if data:
            data[place % len(data)] ^= 1 << rng.randrange(8)
        case 3:
            del data[place : place + rng.randint(1, 4)]
        case 4:
            data[place:place] = rng.randbytes(rng.randint(1, 4))
        case 5:
            data[place:place] = data[place : place + rng.randint(1, 64)]
        case 6 if tokens:
            data[place:place] = rng.choice(tokens)
        case 6:
            data[place : place + 4] = struct.pack(rng.choice("<>") + "I", rng.choice(_INTEGERS) % 2**32)
        case 7 if rng.random() < 0.2:
            del data[place:]


def mutate_message(message: Message, rng: random.Random) -> None:
    """Change one to three fields, at any depth, to values that may be out of range, missing or of another shape."""
    for _ in range(rng.randint(1, 3)):
        _mutate_field(message, rng)


def _mutate_field(message: Message, rng: random.Random) -> None:
    fields: Any = message.DESCRIPTOR.fields  # one class of descriptors for each implementation of protobuf
    if not fields:
        return
    present: list[FieldDescriptor] = [field for field, _ in message.ListFields()]
    field = rng.choice(present) if present and rng.random() < 0.8 else rng.choice(fields)
    if rng.random() < 0.05:
        message.ClearField(field.name)
    elif field.default_value == []:
        _mutate_repeated(getattr(message, field.name), field, rng)
    elif field.message_type is not None:
        inner = getattr(message, field.name)
        inner.SetInParent()
        _mutate_field(inner, rng)
    else:
        setattr(message, field.name, _scalar(field, getattr(message, field.name), rng))


def _mutate_repeated(values: object, field: FieldDescriptor, rng: random.Random) -> None:
    items: list[object] = list(values)  # type: ignore[call-overload]
    match rng.randrange(4):
        case 0 if items:
            del values[rng.randrange(len(items))]  # type: ignore[attr-defined]
        case 1 if items:
            for _ in range(rng.choice((1, 2, 30))):
                values.append(rng.choice(items))  # type: ignore[attr-defined]
        case 2 if items and field.message_type is not None:
            _mutate_field(rng.choice(items), rng)  # type: ignore[arg-type]
        case _ if field.message_type is not None:
            values.add()  # type: ignore[attr-defined]
        case _:
            values.append(_scalar(field, field.default_value or (items or [None])[0], rng))  # type: ignore[attr-defined]


def _scalar(field: FieldDescriptor, value: object, rng: random.Random) -> object:
    kind = field.cpp_type
    if kind in _LARGEST:
        largest = _LARGEST[kind]
        near = (int(value) if isinstance(value, int) else 0) + rng.choice((-1, 1))
        return max(0, min(largest, rng.choice((*_INTEGERS, near, rng.randrange(8)))))
    if kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        return rng.choice((*_REALS, rng.uniform(-2, 2)))
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return not value
    if field.type == FieldDescriptor.TYPE_BYTES:
        return mutated_bytes(value if isinstance(value, bytes) else b"", rng)
    return rng.choice(_TEXTS)
