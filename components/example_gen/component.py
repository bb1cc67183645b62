"""The component that brings parallel text into a pipeline."""

from tfx.components.example_gen import component
from tfx.dsl.components.base import executor_spec
from tfx.proto import example_gen_pb2

from components.config import DataConfig
from components.example_gen.driver import Driver
from components.example_gen.executor import Executor
from components.example_gen.settings import pack_patterns, pack_settings


class ParallelTextExampleGen(component.FileBasedExampleGen):
    """Reads files of pairs of text into splits of tf.Examples.

    Its output `examples` has gzipped TFRecord files with the features SOURCE, TARGET and REFERENCES of
    transform/features.py and the slice keys, all bytes.
    """

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(self, data: DataConfig, code_version: str = ""):
        """Creates the component.

        Args:
          data: where the pairs are, and how they are read.
          code_version: fingerprint of the code, so that new code does not take the old code's result from the cache.
        """
        super().__init__(
            input_base=data.base,
            input_config=pack_patterns(data),
            # The splits are made by the executor, as the settings say.
            output_config=example_gen_pb2.Output(),
            custom_config=pack_settings(data, code_version),
        )
