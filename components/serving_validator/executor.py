"""Executor of ServingValidator."""

import contextlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from tfx import types
from tfx.components.infra_validator import executor, serving_bins
from tfx.components.infra_validator.model_server_runners import base_runner, kubernetes_runner, local_docker_runner
from tfx.components.util import model_utils
from tfx.dsl.io import fileio
from tfx.proto import infra_validator_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import io_utils, path_utils, proto_utils
from tfx.utils.model_paths import tf_serving_flavor

from components.serving_validator.caller import Caller
from components.serving_validator.checks import check_signatures
from components.serving_validator.errors import RejectedError
from components.serving_validator.latency import BATCH_SIZES, Latency, measure_latency
from components.serving_validator.process_runner import ProcessRunner
from components.serving_validator.report import Report, write_report
from components.serving_validator.sample import Sample, read_sample
from components.serving_validator.session import served
from components.serving_validator.warmup import write_warmup
from trainer.config.decoding import DecodingConfig

_LOGGER = logging.getLogger("seq2seq.serving_validator")

_CALL_SECONDS = 60.0
# As TFX's Pusher reads them.
_BLESSED = "blessed"
_HAS_MODEL = "has_model"


class ServingValidatorExecutor(executor.Executor):
    """Tries a model out on a server, and blesses a copy of it that has warm-up requests."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the blessing, with the model that may be pushed, and a report; see the module `report`.

        Args:
          input_dict: the model, its blessing by the Evaluator, and raw examples.
          output_dict: the blessing.
          exec_properties: see ServingValidatorSpec.

        Raises:
          ServerError: the server failed, and nothing is known of the model.
          ValueError: the split has no examples.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        blessing = artifact_utils.get_single_instance(output_dict[standard_component_specs.BLESSING_KEY])
        model_blessing = artifact_utils.get_single_instance(input_dict[standard_component_specs.MODEL_BLESSING_KEY])
        if not model_utils.is_model_blessed(model_blessing):
            _LOGGER.info("Not tried out: the model failed a threshold")
            _mark(blessing, Report(blessed=False))
            return
        model = artifact_utils.get_single_instance(input_dict[standard_component_specs.MODEL_KEY])
        examples = artifact_utils.get_single_instance(input_dict[standard_component_specs.EXAMPLES_KEY])
        serving = _message(exec_properties, standard_component_specs.SERVING_SPEC_KEY, infra_validator_pb2.ServingSpec)
        limits = _message(
            exec_properties, standard_component_specs.VALIDATION_SPEC_KEY, infra_validator_pb2.ValidationSpec
        )
        asked = _message(exec_properties, standard_component_specs.REQUEST_SPEC_KEY, infra_validator_pb2.RequestSpec)
        decoding = DecodingConfig(**json.loads(exec_properties["decoding"]))

        files = fileio.glob(os.path.join(artifact_utils.get_split_uri([examples], asked.split_name), "*"))
        sample = read_sample(sorted(files), asked.num_examples)
        with self._InstallGracefulShutdownHandler(), self._model_to_serve(serving) as served_model:
            io_utils.copy_dir(
                path_utils.serving_model_path(model.uri, path_utils.is_old_model_artifact(model)), served_model
            )
            # What is tried out is what will be pushed: the server replays these requests when it loads the model.
            write_warmup(served_model, serving.model_name, sample)
            report = _validate(_create_runner(served_model, serving), serving, limits, sample, decoding)
            if report.blessed:
                io_utils.copy_dir(served_model, path_utils.stamped_model_path(blessing.uri))
                blessing.set_int_custom_property(_HAS_MODEL, 1)
        _mark(blessing, report)

    @contextlib.contextmanager
    def _model_to_serve(self, serving: infra_validator_pb2.ServingSpec) -> Iterator[str]:
        """BASE/MODEL_NAME/VERSION in a folder that the server can read, and that is gone at the end of the block."""
        with contextlib.ExitStack() as stack:
            if serving.WhichOneof("serving_platform") == "kubernetes":
                base = self._get_tmp_dir()
                stack.callback(io_utils.delete_dir, base)
            else:
                base = stack.enter_context(tempfile.TemporaryDirectory(prefix="serving-validator-"))
            yield tf_serving_flavor.make_model_path(base, serving.model_name, 1)


def _validate(
    runner: base_runner.BaseModelServerRunner,
    serving: infra_validator_pb2.ServingSpec,
    limits: infra_validator_pb2.ValidationSpec,
    sample: Sample,
    decoding: DecodingConfig,
) -> Report:
    count = len(sample.records)
    try:
        with served(runner, serving.model_name, limits.max_loading_time_seconds, _CALL_SECONDS) as caller:
            check_signatures(caller, sample, decoding)
            _LOGGER.info("All signatures agree on %d examples", count)
            latencies = tuple(_measured(caller, sample, size) for size in BATCH_SIZES)
    except RejectedError as rejection:
        _LOGGER.error("The model is rejected: %s", rejection)
        return Report(
            blessed=False,
            server=repr(runner),
            examples=count,
            failure=str(rejection),
            request=rejection.request,
            answer=rejection.answer,
        )
    return Report(blessed=True, server=repr(runner), examples=count, latencies=latencies)


def _measured(caller: Caller, sample: Sample, batch_size: int) -> Latency:
    latency = measure_latency(caller, sample, batch_size)
    _LOGGER.info("Batch %d: p50 %.1f ms, p95 %.1f ms", batch_size, latency.p50, latency.p95)
    return latency


def _create_runner(model: str, serving: infra_validator_pb2.ServingSpec) -> base_runner.BaseModelServerRunner:
    platform = serving.WhichOneof("serving_platform")
    if platform is None:
        return ProcessRunner(model, serving.model_name)
    [binary] = serving_bins.parse_serving_binaries(serving)
    runner = {
        "local_docker": local_docker_runner.LocalDockerRunner,
        "kubernetes": kubernetes_runner.KubernetesRunner,
    }[platform]
    return runner(model, binary, serving)


def _message(exec_properties: dict[str, Any], key: str, kind: type) -> Any:
    message = kind()
    proto_utils.json_to_proto(exec_properties[key], message)
    return message


def _mark(blessing: types.Artifact, report: Report) -> None:
    name = "INFRA_BLESSED" if report.blessed else "INFRA_NOT_BLESSED"
    io_utils.write_string_file(os.path.join(blessing.uri, name), "")
    blessing.set_int_custom_property(_BLESSED, int(report.blessed))
    write_report(report, blessing.uri)
