"""What differs between the releases of protobuf that the two generations of TFX are tied to."""

from google import protobuf

# In JSON a field that is not set has its default; the option's name is another one since protobuf 26, Python's 5.
JSON_OPTIONS = {
    "preserving_proto_field_name": True,
    "including_default_value_fields"
    if int(protobuf.__version__.partition(".")[0]) < 5
    else "always_print_fields_with_no_presence": True,
}
