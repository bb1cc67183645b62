"""Runs run_fn in a process of its own, as a worker's container does. Called with TFX's FnArgs as a JSON object."""

import json
import sys
import types

from trainer.run import run_fn

if __name__ == "__main__":
    run_fn(types.SimpleNamespace(**json.loads(sys.argv[1])))
