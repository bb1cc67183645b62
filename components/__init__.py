"""What TFX does not bring: parallel text ingestion, data gate, decoded-text metrics, an atomic Pusher, a report."""

from typing import Any


def __getattr__(name: str) -> Any:
    # By this name a container on a cluster looks for the type of an artifact; whoever else imports a module of this
    # package must not wait 20 seconds for TFX.
    if name == "DataBlessing":
        from components.data_checks.blessing import DataBlessing

        return DataBlessing
    if name == "TextProfile":
        from components.data_profile.component import TextProfile

        return TextProfile
    if name == "RunReport":
        from components.report.executor import RunReport

        return RunReport
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
