"""ML Metadata in PostgreSQL, with strings that have backslashes or are long.

ML Metadata 1.16 takes the quotes off what libpq's PQescapeLiteral gives it, but that begins with E where a string has a
backslash, as most settings in JSON have: PostgreSQL then refuses the statement. And it has indices over the values of
properties, which PostgreSQL limits to 2,704 bytes. So no backslash gets there, and long strings are compressed.
"""

import base64
import zlib
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from ml_metadata.metadata_store import metadata_store

# Of Unicode's private use area: no text has it by chance, and one that has it is told apart all the same.
_ESCAPE = "\ue05c"
_ESCAPED_ESCAPE, _ESCAPED_BACKSLASH, _COMPRESSED = f"{_ESCAPE}0", f"{_ESCAPE}1", f"{_ESCAPE}2"
_LONGEST_BYTES = 1000


class PostgreSqlStore(metadata_store.MetadataStore):
    """A store that encodes the strings that are written and asked for, and decodes those that are read."""

    def _call(self, method_name: str, request: Message, response: Message, extra_options: Any = None) -> None:
        _change_strings(request, encoded)
        super()._call(method_name, request, response, extra_options)
        _change_strings(response, decoded)


def encoded(text: str) -> str:
    """A text as it is stored; `decoded` makes it what it was."""
    content = text.encode()
    if len(content) > _LONGEST_BYTES:
        return _COMPRESSED + base64.b64encode(zlib.compress(content, level=9)).decode()
    return text.replace(_ESCAPE, _ESCAPED_ESCAPE).replace("\\", _ESCAPED_BACKSLASH)


def decoded(text: str) -> str:
    """A text that was stored as `encoded` says."""
    if text.startswith(_COMPRESSED):
        return zlib.decompress(base64.b64decode(text.removeprefix(_COMPRESSED))).decode()
    return text.replace(_ESCAPED_BACKSLASH, "\\").replace(_ESCAPED_ESCAPE, _ESCAPE)


def _change_strings(message: Message, change) -> None:
    """Changes all strings of a message in place, those of the messages in it included; keys of maps stay."""
    for field, value in message.ListFields():
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                for each in value.values():
                    _change_strings(each, change)
        elif field.message_type is not None:
            for each in [value] if isinstance(value, Message) else value:
                _change_strings(each, change)
        elif field.type == FieldDescriptor.TYPE_STRING:
            if isinstance(value, str):
                setattr(message, field.name, change(value))
            else:
                value[:] = [change(each) for each in value]
