"""Counts the fields of a large message before it is parsed: 32 MB of empty messages in a list take 900 MB of memory.

Only repeated fields take more memory than the bytes that they came in, so a message without any is not looked into.
"""

from functools import lru_cache

from google.protobuf.descriptor import Descriptor, FieldDescriptor

COUNTED_BYTES = 1024 * 1024
"""Smaller messages are parsed at once: the memory that they can take, 28 times their size, is little."""

MAX_FIELDS = 32_768
"""Most fields in one message, those of inner messages included; a bundle of 1,024 messages has a few for each."""

_Shape = dict[int, "_Shape"]  # by field number, the inner messages that have repeated fields


class _TooManyFieldsError(Exception):
    """The message has more than `MAX_FIELDS`."""


def has_too_many_fields(data: bytes, kind: Descriptor) -> bool:
    """Whether the bytes of a message have more than `MAX_FIELDS`; bytes that are no message are left to the parser."""
    try:
        _count(data, 0, len(data), _shape(kind), MAX_FIELDS)
    except _TooManyFieldsError:
        return True
    except IndexError:
        return False  # it ends within a field
    return False


def _count(data: bytes, start: int, end: int, shape: _Shape, left: int) -> int:
    """The number of fields that are left after those from `start` to `end`."""
    while start < end:
        left -= 1
        if left < 0:
            raise _TooManyFieldsError
        tag, start = _varint(data, start)
        if tag & 7 == 2:
            length, start = _varint(data, start)
            inner = shape.get(tag >> 3)
            if inner is not None:
                left = _count(data, start, min(end, start + length), inner, left)
            start += length
        elif tag & 7 == 0:
            _, start = _varint(data, start)
        else:  # the ends of groups have no content, and are left to the parser
            start += {1: 8, 5: 4}.get(tag & 7, 0)
    return left


def _varint(data: bytes, start: int) -> tuple[int, int]:
    """A number of seven bits in each byte, and where the next one begins."""
    if data[start] < 0x80:
        return data[start], start + 1
    number = shift = 0
    while (byte := data[start]) & 0x80:
        number |= (byte & 0x7F) << shift
        shift += 7
        start += 1
    return number | byte << shift, start + 1


@lru_cache(maxsize=64)
def _shape(kind: Descriptor) -> _Shape:
    inner = {field.number: field.message_type for field in kind.fields if field.message_type is not None}
    return {number: _shape(message) for number, message in inner.items() if _has_repeated(message)}


def _has_repeated(kind: Descriptor) -> bool:
    """Whether a message has a repeated field, at any depth; none of the messages here is part of itself."""
    return any(
        _is_repeated(field) or (field.message_type is not None and _has_repeated(field.message_type))
        for field in kind.fields
    )


def _is_repeated(field: FieldDescriptor) -> bool:
    return bool(field.default_value == [])  # the attribute that says so has another name in each version of protobuf
