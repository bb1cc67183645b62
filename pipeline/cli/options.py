"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML file of the task.", show_default=False)]

Overrides = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override one key, as in training.epochs=3; may be given several times.",
        default_factory=list,
        show_default=False,
    ),
]
