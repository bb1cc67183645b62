"""The component that brings parallel text into a pipeline."""

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.dsl.placeholder import placeholder
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import example_gen_pb2
from tfx.types import component_spec, standard_artifacts, standard_component_specs

from components.config.data import DataConfig
from components.example_gen.driver import Driver
from components.example_gen.executor import Executor
from components.example_gen.settings import pack_patterns, pack_settings

INPUT_STATE_KEY = "input_state"


class ParallelTextExampleGenSpec(component_spec.ComponentSpec):
    """What goes into ParallelTextExampleGen and comes out of it: as for FileBasedExampleGen, and one more."""

    PARAMETERS = {
        **standard_component_specs.FileBasedExampleGenSpec.PARAMETERS,
        INPUT_STATE_KEY: component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS = standard_component_specs.FileBasedExampleGenSpec.INPUTS
    OUTPUTS = standard_component_specs.FileBasedExampleGenSpec.OUTPUTS


class ParallelTextExampleGen(base_beam_component.BaseBeamComponent):
    """Reads files of pairs of text into splits of tf.Examples.

    Its output `examples` has gzipped TFRecord files with the features SOURCE, TARGET and REFERENCES of
    transform/features.py and the slice keys, all bytes. It is no subclass of FileBasedExampleGen, to which TFX's
    compiler for Kubeflow gives a driver of its own that does not know {SPAN} as it is used here.
    """

    SPEC_CLASS = ParallelTextExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        data: DataConfig,
        code_version: str = "",
        base: str | RuntimeParameter | None = None,
        input_state: placeholder.Placeholder | None = None,
    ):
        """Creates the component.

        Args:
          data: where the pairs are, and how they are read.
          code_version: fingerprint of the code, so that new code does not take the old code's result from the cache.
          base: the folder of the files, in place of `data.base`.
          input_state: what InputState found, for a cluster's cache; where there is a driver, it finds the same.
        """
        spec = ParallelTextExampleGenSpec(
            input_base=data.base if base is None else base,
            input_config=pack_patterns(data),
            # The splits are made by the executor, as the settings say.
            output_config=example_gen_pb2.Output(),
            custom_config=pack_settings(data, code_version),
            output_data_format=example_gen_pb2.FORMAT_TF_EXAMPLE,
            output_file_format=example_gen_pb2.FORMAT_TFRECORDS_GZIP,
            input_state=input_state,
            examples=types.Channel(type=standard_artifacts.Examples),
        )
        super().__init__(spec=spec)
