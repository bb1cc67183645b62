"""Names of runs."""

import datetime


def new_run_id() -> str:
    """A name for a run that begins now: the time in UTC, to the microsecond."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d-%H%M%S-%f")
