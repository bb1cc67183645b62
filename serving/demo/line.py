"""What the page sends: a line of text, and how its translation has to begin."""

import dataclasses
import json

LONGEST_LINE = 2000  # code points; for larger texts there is `seq2seq translate`
MOST_BYTES = 1 << 16  # of a request; JSON may need 12 bytes for a code point


class LineError(ValueError):
    """A request that cannot be answered; the message is meant for whoever typed the line."""


@dataclasses.dataclass(frozen=True)
class Line:
    """A text to translate."""

    text: str
    prefix: str = ""  # how the translation has to begin

    @classmethod
    def parse(cls, body: bytes) -> "Line":
        """Reads `{"text": "...", "prefix": "..."}`.

        Raises:
          LineError: it is no such object, the text is empty, or one of the two is too long.
        """
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise LineError("The request is not JSON.") from error
        if not isinstance(fields, dict) or not set(fields) <= {"text", "prefix"}:
            raise LineError("The request is not an object with the keys text and prefix.")
        line = cls(fields.get("text"), fields.get("prefix", ""))
        for name, value in (("text", line.text), ("prefix", line.prefix)):
            if not isinstance(value, str):
                raise LineError(f"The {name} is {type(value).__name__}, wanted a string.")
            if len(value) > LONGEST_LINE:
                raise LineError(f"The {name} has {len(value):,} characters: {LONGEST_LINE:,} are the most.")
        if not line.text.strip():
            raise LineError("The line is empty.")
        return line
