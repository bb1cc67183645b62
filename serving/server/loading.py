"""Loading a version: session, batching, warm-up."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from tensorflow.core.protobuf import config_pb2

from serving.server.batching import BatchingSession, BatchScheduler
from serving.server.batching_options import BatchingOptions
from serving.server.metrics import Metrics
from serving.server.saved_model import SavedModelSession
from serving.server.servable import Servable, Session
from serving.server.text_protos import BatchingParameters, read_text_proto
from serving.server.warmup import warm_up

# In the folder of a version, with --enable_per_model_batching_parameters.
BATCHING_FILE = "batching_params.pbtxt"


@dataclasses.dataclass(frozen=True)
class Loader:
    """Loads versions of any model, as the flags of the server say."""

    metrics: Metrics
    tags: Sequence[str] = ("serve",)
    session_config: config_pb2.ConfigProto | None = None
    warmup_iterations: int = 1  # 0: no warm-up
    batching: BatchingOptions | None = None
    per_model_batching: bool = False
    scheduler: BatchScheduler | None = None  # needed with batching

    def __call__(self, name: str, version: int, folder: Path) -> Servable:
        """The version in a folder, ready to be served.

        Raises:
          ServingError, OSError, RuntimeError, ValueError, tf.errors.OpError: it cannot be loaded, or it does not answer
            its warm-up requests.
        """
        session = SavedModelSession(folder, self.tags, self.session_config)
        try:
            servable = Servable(name, version, self._with_batching(session, folder), self.metrics)
            if self.warmup_iterations:
                warm_up(servable, folder, self.warmup_iterations, self.metrics)
        except BaseException:
            session.close()
            raise
        return servable

    def _with_batching(self, session: SavedModelSession, folder: Path) -> Session:
        options = self.batching
        if options is not None and self.per_model_batching:
            path = folder / BATCHING_FILE
            options = BatchingOptions.of(read_text_proto(path, BatchingParameters)) if path.is_file() else None
        return session if options is None else BatchingSession(session, options, self.scheduler)
