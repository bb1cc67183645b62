"""Order of the tests: what imports TFX or runs a pipeline comes last. And Ctrl-C, which some of them press."""

import signal


def pytest_configure():
    """Takes Ctrl-C for what it is, here and in processes below, also in a shell's background job, which ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Moves tests marked `tfx` behind all others, keeping the order otherwise."""
    items.sort(key=lambda item: item.get_closest_marker("tfx") is not None)
