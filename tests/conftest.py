"""Order of the tests: what imports TFX or runs a pipeline comes last."""


def pytest_collection_modifyitems(items):
    """Moves tests marked `tfx` behind all others, keeping the order otherwise."""
    items.sort(key=lambda item: item.get_closest_marker("tfx") is not None)
