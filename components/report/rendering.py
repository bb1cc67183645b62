"""Templates, and how text that may be anything stands in them."""

import re
import unicodedata
from pathlib import Path
from typing import Any

import jinja2

import serving
from serving.contract import END_ID, SPECIAL_TOKENS, UNKNOWN_ID

PAGE, CARD = "report.html", "model_card.md"

_FOLDER = Path(__file__).parent / "templates"
# Has the colours that the demo has, too.
_STYLES = Path(serving.__file__).parent / "demo" / "static"
_SIGNS = {SPECIAL_TOKENS[END_ID]: "end", SPECIAL_TOKENS[UNKNOWN_ID]: "unknown", " ": "␣", "\u00a0": "␣"}
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&$])")


def render(template: str, content: dict[str, Any]) -> str:
    """A page or a card.

    Args:
      template: PAGE or CARD.
      content: by the names in the template.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([_FOLDER, _STYLES]),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "words": lambda name: name.replace("_", " "),
        "figure": figure,
        "share": lambda share: "" if share is None else f"{100 * share:.3g} %",
        "visible": visible,
        "sign": sign,
        "markdown": markdown,
    }
    return environment.get_template(template).render(content)


def figure(value: float | None) -> str:
    """A figure in as many digits as tell it from others, with a true minus; nothing for none."""
    return "" if value is None else f"{value:.4g}".replace("-", "−")


def visible(text: str) -> str:
    """The text with a picture in the place of each control character, which a page cannot show or must not have."""
    return "".join(_picture(char) for char in text)


def sign(token: str) -> str:
    """A token with a shape: what has none gets a sign, and a mark something to stand on."""
    if token in _SIGNS:
        return _SIGNS[token]
    if all(unicodedata.category(char)[0] in "CZ" for char in token):
        return " ".join(f"U+{ord(char):04X}" for char in token)
    return f"◌{token}" if unicodedata.category(token[0])[0] == "M" else visible(token)


def markdown(text: str) -> str:
    """The text as one line of Markdown that says just this, in a table too."""
    return _MARKDOWN.sub(r"\\\1", visible(" ".join(text.split())))


def _picture(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    # Other controls, and halves of surrogate pairs, which no UTF-8 has.
    return "\ufffd" if 0x80 <= code < 0xA0 or 0xD800 <= code < 0xE000 else char
