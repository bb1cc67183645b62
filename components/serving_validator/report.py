"""What came of a validation, as a file beside its blessing."""

import dataclasses
import json
import os

from tfx.dsl.io import fileio

from components.serving_validator.latency import Latency

_FILE = "validation.json"


@dataclasses.dataclass(frozen=True)
class Report:
    """The outcome of a validation.

    Attributes:
      blessed: whether the model may be pushed.
      server: which server it was tried out on; empty where it was not tried out, because it had failed before.
      examples: how many examples it was asked for.
      latencies: of the server, by batch size.
      failure: what is wrong with the model, on one line; empty where it was blessed or not tried out.
      request: what it was asked when it failed.
      answer: what it answered.
    """

    blessed: bool
    server: str = ""
    examples: int = 0
    latencies: tuple[Latency, ...] = ()
    failure: str = ""
    request: str = ""
    answer: str = ""


def write_report(report: Report, blessing_uri: str) -> None:
    """Writes a report into the folder of a blessing."""
    text = json.dumps(dataclasses.asdict(report), ensure_ascii=False, indent=2)
    with fileio.open(os.path.join(blessing_uri, _FILE), "w") as file:
        file.write(text)


def read_report(blessing_uri: str) -> Report:
    """Reads the report in the folder of a blessing.

    Raises:
      OSError: there is none.
    """
    with fileio.open(os.path.join(blessing_uri, _FILE), "r") as file:
        content = json.loads(file.read())
    latencies = tuple(Latency(**latency) for latency in content.pop("latencies"))
    return Report(**content, latencies=latencies)
