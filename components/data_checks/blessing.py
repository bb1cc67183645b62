"""What the gate leaves: that data passed."""

from tfx import types

# The id of the profile of the data that passed.
PROFILE_ID_PROPERTY = "profile_id"

BLESSED_FILE = "BLESSED"
REPORT_FILE = "report.json"


class DataBlessing(types.Artifact):
    """Says that data passed the gate, by a file BLESSED_FILE; REPORT_FILE has what was measured."""

    # By this name a container on a cluster looks for the class, in components/__init__.py.
    TYPE_NAME = "components.DataBlessing"
