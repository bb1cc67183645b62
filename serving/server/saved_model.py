"""A SavedModel in a session: loaded and run as the C++ server does it, by the names of feeds and fetches."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.saved_model import loader_impl

from serving.server.errors import invalid_argument, of_tensorflow


class SavedModelSession:
    """A SavedModel, loaded without any of the code that made it. `run` may be called from several threads."""

    def __init__(self, folder: Path, tags: Sequence[str] = ("serve",), config: config_pb2.ConfigProto | None = None):
        """Loads the model.

        Args:
          folder: the SavedModel, one numbered version.
          tags: of the graph to load.
          config: settings of the session, such as its threads.

        Raises:
          OSError, RuntimeError, tf.errors.OpError: there is no SavedModel, none with these tags, or it is damaged.
        """
        self._graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=self._graph, config=config)
        try:
            loader = loader_impl.SavedModelLoader(str(folder))
            # The definitions as they stand in the file; import into the graph may change them.
            self.signatures: dict[str, meta_graph_pb2.SignatureDef] = dict(
                loader.get_meta_graph_def_from_tags(tags).signature_def
            )
            loader.load(self._session, list(tags))
        except BaseException:
            self._session.close()
            raise
        self._endpoints: dict[str, object] = {}

    def run(self, feeds: Mapping[str, np.ndarray], fetches: Sequence[str], timeout_ms: int = 0) -> list[np.ndarray]:
        """Values of the fetched tensors.

        Feeds go to the session as they are: as in C++, a wrong type is refused by TensorFlow's runtime, and a wrong
        shape is refused by whatever operation cannot use it.

        Args:
          feeds: values by the name of their tensor (`name:0`).
          fetches: names of tensors.
          timeout_ms: milliseconds after which the run is cancelled; 0: none.

        Raises:
          ServingError: TensorFlow's own status.
        """
        options = pywrap_tf_session.TF_NewBufferFromString(
            config_pb2.RunOptions(timeout_in_ms=timeout_ms).SerializeToString()
        )
        try:
            return pywrap_tf_session.TF_SessionRun_wrapper(
                self._session._session,
                options,
                {self._endpoint(name): value for name, value in feeds.items()},
                [self._endpoint(name) for name in fetches],
                [],
                None,
            )
        except tf.errors.OpError as error:
            raise of_tensorflow(error) from error
        except UnicodeDecodeError as error:
            # The message quotes bytes of the input that are no UTF-8, and TensorFlow's binding drops the code: what
            # quotes an input finds fault with it.
            raise invalid_argument(error.object.decode("utf-8", "replace")) from error
        finally:
            pywrap_tf_session.TF_DeleteBuffer(options)

    def close(self) -> None:
        """Gives the session's memory back; nothing may be running."""
        self._session.close()

    def _endpoint(self, name: str) -> object:
        if name not in self._endpoints:
            self._endpoints[name] = self._graph.get_tensor_by_name(name)._as_tf_output()
        return self._endpoints[name]
