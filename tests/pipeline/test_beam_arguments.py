"""What Beam is told of each engine, by the sections of the configuration."""

import json
from typing import get_args

import pytest
from apache_beam.options.pipeline_options import FlinkRunnerOptions, PipelineOptions

from pipeline.beam_config import BEAM_COMPONENTS, FlinkConfig
from pipeline.config_file import ConfigError, load_config
from pipeline.generation import flink_versions, generation
from tests.pipeline.toy_task import seq2seq, write_task

JOB_SERVER = ["--runner=PortableRunner", "--job_endpoint=jobs:8099", "--job_server_timeout=2592000"]
LOOPBACK = [
    *("--environment_type=LOOPBACK", "--sdk_worker_parallelism=1", "--environment_cache_millis=600000"),
    *("--sdk_container_image=installed", "--experiments=disable_logging_submission_environment"),
]
PROCESSES = ["--direct_num_workers=2", "--direct_running_mode=multi_processing"]
STOCK_CONTAINER = "{environment: container, image: beam, has_package: false}"
VERTEX = {
    "project": "some-project",
    "region": "europe-west4",
    "image": "registry/image:1",
    "pipeline_root": "gs://bucket/root",
}


def direct(*arguments):
    """What the direct runner is told with these arguments: nothing where Beam does the right thing by itself."""
    told = [*([] if generation() == "1.16" else ["--runner=FnApiRunner"]), *arguments]
    return ["--sdk_container_image=installed", *told] if told else []


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_task(tmp_path_factory.mktemp("task"), deploy={"vertex": VERTEX}).config


def arguments_of(config, *options, **beam):
    """What `seq2seq beam-args` gives out, by component."""
    outcome = seq2seq("beam-args", config, "--json", "--set", f"beam={json.dumps(beam)}", *options)
    assert outcome.exit_code == 0, outcome.output
    return json.loads(outcome.output)


@pytest.mark.parametrize(
    ("beam", "expected"),
    [
        ({}, direct()),
        ({"engine": "direct", "direct": {"workers": 1}}, direct()),
        ({"engine": "direct", "direct": {"workers": 2}}, direct(*PROCESSES)),
        ({"arguments": ["--temp_location=/t"]}, direct("--temp_location=/t")),
        ({"engine": "portable", "portable": {"job_endpoint": "jobs:8099"}}, [*JOB_SERVER, *LOOPBACK]),
        (
            {"engine": "flink", "arguments": ["--parallelism=3"]},
            [
                *("--runner=FlinkRunner", "--flink_master=[local]", "--flink_version=1.19"),
                *("--job_server_timeout=2592000", *LOOPBACK, "--parallelism=3"),
            ],
        ),
        (
            {
                "engine": "flink",
                "flink": {
                    "job_endpoint": "jobs:8099",
                    "parallelism": 2,
                    "workers": {"environment": "pool", "address": "pool:50000", "processes": 2, "keep_seconds": 0},
                },
            },
            [
                *(*JOB_SERVER, "--parallelism=2", "--environment_type=EXTERNAL", "--environment_config=pool:50000"),
                *("--sdk_worker_parallelism=2", "--environment_cache_millis=0", *LOOPBACK[3:]),
            ],
        ),
        (
            {"engine": "flink", "flink": {"master": "manager:8081", "version": "1.19", "job_server_jar": "/jobs.jar"}},
            [
                *("--runner=FlinkRunner", "--flink_master=manager:8081", "--flink_version=1.19"),
                *("--flink_job_server_jar=/jobs.jar", "--job_server_timeout=2592000", *LOOPBACK),
            ],
        ),
        (
            {"engine": "spark", "spark": {"workers": {"environment": "container", "image": "registry/image:1"}}},
            [
                *("--runner=SparkRunner", "--spark_master_url=local[*]", "--job_server_timeout=2592000"),
                *("--environment_type=DOCKER", "--environment_config=registry/image:1", *LOOPBACK[1:]),
            ],
        ),
    ],
    ids=["default", "direct", "processes", "further", "portable", "flink", "flink pool", "flink master", "spark"],
)
def test_each_engine_has_its_arguments_and_beam_knows_them(config, beam, expected):
    arguments = arguments_of(config, **beam)
    assert arguments == dict.fromkeys(BEAM_COMPONENTS, expected)
    known = PipelineOptions([]).get_all_options()
    assert {argument.partition("=")[0].removeprefix("--") for argument in expected} <= set(known)


def test_versions_of_flink_are_those_of_the_installed_beam(config):
    known = FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS
    assert list(flink_versions()) == known
    allowed = get_args(FlinkConfig.model_fields["version"].annotation)
    assert set(known) < set(allowed)
    assert FlinkConfig().version in known
    other = next(version for version in allowed if version not in known)
    with pytest.raises(ConfigError, match=f"flink.version is '{other}': the installed Beam has job servers for "):
        seq2seq("beam-args", config, "--set", f"beam={{engine: flink, flink: {{version: '{other}'}}}}")


def test_a_component_has_an_engine_of_its_own(config):
    arguments = arguments_of(config, per_component={"Transform": {"engine": "direct", "direct": {"workers": 2}}})
    assert arguments.pop("Transform") == direct(*PROCESSES)
    assert arguments == dict.fromkeys(set(BEAM_COMPONENTS) - {"Transform"}, direct())


def test_workers_without_the_package_are_sent_a_wheel_that_has_its_version_in_its_name(config):
    workers = {"environment": "container", "image": "apache/beam_python3.10_sdk:2.64.0", "has_package": False}
    arguments = arguments_of(config, engine="portable", portable={"job_endpoint": "jobs:8099", "workers": workers})
    [package] = {argument for given in arguments.values() for argument in given if argument.startswith("--extra_p")}
    assert package.startswith(f"--extra_package={config.parent}/runs/toy/packages/tfx_seq2seq-")
    assert not [argument for argument in arguments["Transform"] if argument.startswith("--sdk_container_image")]


def test_dataflow_on_vertex_is_in_its_project_and_image(config):
    arguments = arguments_of(config, "--target", "vertex", engine="dataflow", dataflow={"max_workers": 20})
    assert arguments["Transform"] == [
        *("--runner=DataflowRunner", "--project=some-project", "--region=europe-west4"),
        *("--temp_location=gs://bucket/root/dataflow", "--sdk_container_image=registry/image:1"),
        *("--sdk_location=container", "--max_num_workers=20"),
    ]


def test_the_table_has_every_component(config):
    shown = seq2seq("beam-args", config, "--set", "beam={engine: portable, portable: {job_endpoint: 'jobs:8099'}}")
    assert [line.split()[0] for line in shown.output.splitlines() if "PortableRunner" in line] == list(BEAM_COMPONENTS)
    assert shown.output.count("--job_endpoint=jobs:8099") == len(BEAM_COMPONENTS)


@pytest.mark.parametrize(
    ("beam", "said"),
    [
        (
            "{engine: flink, spark: {}}",
            "beam: spark is given, but engine is 'flink': leave it out, or set engine: spark",
        ),
        ("{engine: direct, direct: {worker: 3}}", "beam.direct.worker: unknown key; did you mean workers?"),
        ("{engine: portable}", "beam: portable.job_endpoint is needed where engine is 'portable'"),
        ("{engine: portable, portable: {job_endpoint: jobs}}", "beam.portable.job_endpoint: found 'jobs'"),
        (
            "{per_component: {Trainer: {}}}",
            "beam.per_component: 'Trainer' is no component that runs Beam: these do: ",
        ),
        ("{per_component: {Transform: {engine: flink, direct: {}}}}", "beam.per_component.Transform: direct is given"),
        ("{engine: flink, flink: {workers: {environment: pool}}}", "beam.flink.workers: address is needed where"),
        (
            "{engine: flink, flink: {workers: {image: x}}}",
            "beam.flink.workers: image is 'x', but environment is ",
        ),
        ("{engine: flink, flink: {workers: {has_package: false}}}", "beam.flink.workers: has_package is false, but"),
        (
            "{engine: spark, spark: {job_endpoint: 'a:1', master: local}}",
            "beam.spark: master is 'local', but job_end",
        ),
        ("{arguments: [--runner=X]}", "'--runner=X' is none: wanted --NAME=VALUE, and not --runner, which engine says"),
    ],
    ids=lambda value: value.split("}")[0] if value.startswith("{") else "",
)
def test_what_does_not_fit_an_engine_is_refused(config, beam, said):
    with pytest.raises(ConfigError) as refused:
        load_config(config, [f"beam={beam}"])
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("beam={engine: dataflow}",), "beam: engine is 'dataflow', whose workers do not see "),
        (
            ("beam={per_component: {Evaluator: {engine: dataflow}}}",),
            "beam.per_component.Evaluator: engine is 'dataflow', whose workers do not see ",
        ),
        (
            (
                f"deploy.vertex.beam={{engine: spark, spark: {{workers: {STOCK_CONTAINER}}}}}",
                *("--target", "vertex"),
            ),
            "deploy.vertex.beam: workers.has_package is false: here they must have it",
        ),
        (("name=toy", "--target", "kubeflow"), "deploy.kubeflow: this section is needed"),
    ],
    ids=["dataflow", "dataflow of one", "wheel on a cluster", "no cluster"],
)
def test_what_does_not_fit_the_place_is_refused(config, options, said, capsys):
    with pytest.raises(ConfigError) as refused:
        seq2seq("beam-args", config, "--set", *options)
    assert said in str(refused.value)
