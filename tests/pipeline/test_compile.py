"""What is compiled for a cluster is what the cluster takes, with everything in it that the configuration says."""

import json

import pytest
import yaml

from pipeline.config_file import ConfigError
from tests.pipeline.toy_task import seq2seq, write_task

pytestmark = pytest.mark.tfx

IMAGE = "registry.example.com/seq2seq:1"
PARAMETERS = {"data": "STRING", "push_to": "STRING", "epochs": "NUMBER_INTEGER", "max_steps": "NUMBER_INTEGER"}
KUBEFLOW = {
    "image": IMAGE,
    "data": "gs://bucket/data",
    "pipeline_root": "gs://bucket/root",
    "labels": {"team": "nlp"},
    "volumes": [{"claim": "models", "mount_path": "/models"}],
    "resources": [
        {"component": "Trainer", "cpu": 8, "memory_gb": 30, "accelerator": "nvidia.com/gpu", "accelerator_count": 2},
        {"component": "default", "memory_gb": 4},
    ],
}
VERTEX = {
    "project": "some-project",
    "region": "europe-west4",
    "image": IMAGE,
    "pipeline_root": "gs://bucket/root",
    "service_account": "runner@some-project.iam.gserviceaccount.com",
    "network": "projects/12345/global/networks/net",
    "labels": {"team": "nlp"},
    "training": {"machine_type": "n1-highmem-8", "accelerator": "NVIDIA_TESLA_T4"},
    "tuning": {"machine_type": "n1-standard-4"},
    "endpoint": {"name": "translation", "max_replicas": 3},
    "beam": {"engine": "dataflow", "dataflow": {"max_workers": 20}},
}


def compiled(folder, target, section, overrides=(), **settings):
    """The documents that are written for a target."""
    folder.mkdir(exist_ok=True)
    config = write_task(folder, deploy={target: section}, **settings).config
    output = folder / "pipeline.yaml"
    outcome = seq2seq("compile", config, "--target", target, "--output", output, *overrides)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.output == f"{output}: pipeline toy for {target}\n"
    return list(yaml.safe_load_all(output.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def kubeflow(tmp_path_factory):
    return compiled(
        tmp_path_factory.mktemp("kubeflow"), "kubeflow", KUBEFLOW, training={"epochs": 3, "warm_start": "blessed"}
    )


@pytest.fixture(scope="module")
def vertex(tmp_path_factory):
    # On Kubeflow it is off.
    [job] = compiled(tmp_path_factory.mktemp("vertex"), "vertex", VERTEX, ("--set", "data.analyzer_cache=true"))
    return job


def tasks(spec):
    return spec["root"]["dag"]["tasks"]


def container(spec, name):
    return spec["deploymentSpec"]["executors"][f"{name}_executor"]["container"]


def custom_config(spec, name):
    return json.loads(tasks(spec)[name]["inputs"]["parameters"]["custom_config"]["runtimeValue"]["constant"])


def test_kubeflow_gets_a_specification_that_its_own_loader_takes(kubeflow):
    from google.protobuf import json_format
    from kfp import components
    from kfp.pipeline_spec import pipeline_spec_pb2

    spec, platform = kubeflow
    parsed = json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec())
    assert parsed.schema_version == "2.1.0"
    assert parsed.default_pipeline_root == "gs://bucket/root"
    loaded = components.load_component_from_text(yaml.safe_dump_all(kubeflow))
    assert {name: item.type for name, item in loaded.component_spec.inputs.items()} == {
        name: {"STRING": "String", "NUMBER_INTEGER": "Integer"}[kind] for name, kind in PARAMETERS.items()
    }
    assert {name: item.default for name, item in loaded.component_spec.inputs.items()} == {
        "data": "gs://bucket/data",
        "push_to": None,
        "epochs": 3,
        "max_steps": 0,
    }


def test_what_kubeflow_does_not_know_is_not_in_it(kubeflow):
    # Its backend has neither resolvers nor hooks before the cache is looked up, and its steps have names without "_".
    spec, _ = kubeflow
    assert all(set(executor) == {"container"} for executor in spec["deploymentSpec"]["executors"].values())
    assert not [name for name in tasks(spec) if "lifecycle" in container(spec, name) or "_" in name]
    for name, task in tasks(spec).items():
        needed = set(task.get("dependentTasks", []))
        for item in task["inputs"].get("parameters", {}).values():
            needed |= {item["taskOutputParameter"]["producerTask"]} if "taskOutputParameter" in item else set()
        assert needed <= set(tasks(spec)), name


def test_what_finds_changes_itself_is_never_cached_and_all_else_is(kubeflow):
    spec, _ = kubeflow
    uncached = {name for name, task in tasks(spec).items() if "cachingOptions" not in task}
    assert uncached == {"InputState", "ModelToStartFrom", "ModelToBeat", "AtomicPusher"}
    state = tasks(spec)["ParallelTextExampleGen"]["inputs"]["parameters"]["input_state"]
    assert state == {"taskOutputParameter": {"producerTask": "InputState", "outputParameterKey": "state"}}


def test_parameters_of_the_run_reach_the_steps(kubeflow):
    spec, _ = kubeflow
    used = {
        (item["componentInputParameter"], name)
        for name, task in tasks(spec).items()
        for item in task["inputs"].get("parameters", {}).values()
        if "componentInputParameter" in item
    }
    assert used == {
        ("data", "InputState"),
        ("data", "ParallelTextExampleGen"),
        ("push_to", "AtomicPusher"),
        ("push_to", "ModelToBeat"),
        ("push_to", "ModelToStartFrom"),
        ("epochs", "Trainer"),
        ("max_steps", "Trainer"),
    }


def test_resources_image_labels_and_volumes_are_those_of_the_configuration(kubeflow):
    spec, platform = kubeflow
    assert container(spec, "Trainer")["resources"] == {
        "cpuLimit": 8,
        "memoryLimit": 30,
        "accelerator": {"type": "nvidia.com/gpu", "count": "2"},
    }
    assert container(spec, "ParallelTextExampleGen")["resources"] == {"memoryLimit": 4}
    assert {container(spec, name)["image"] for name in tasks(spec)} == {IMAGE}
    pods = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert set(pods) == set(spec["deploymentSpec"]["executors"])
    assert pods["Trainer_executor"] == {
        "podMetadata": {"labels": {"team": "nlp"}},
        "pvcMount": [{"constant": "models", "mountPath": "/models"}],
    }


def test_vertex_gets_a_pipeline_job(vertex, tmp_path):
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import aiplatform
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    parsed = json_format.ParseDict(vertex, pipeline_spec_pb2.PipelineJob())
    assert parsed.display_name == "toy"
    assert parsed.labels["team"] == "nlp"
    assert parsed.runtime_config.gcs_output_directory == "gs://bucket/root"
    spec = json_format.ParseDict(vertex["pipelineSpec"], pipeline_spec_pb2.PipelineSpec())
    assert {name: item["parameterType"] for name, item in _parameters(vertex).items()} == PARAMETERS
    assert spec.schema_version == "2.1.0"
    # As the official client reads it.
    template = tmp_path / "job.json"
    template.write_text(json.dumps(vertex), encoding="utf-8")
    job = aiplatform.PipelineJob(
        display_name="toy",
        template_path=str(template),
        project="some-project",
        location="europe-west4",
        credentials=AnonymousCredentials(),
        parameter_values={"data": "gs://bucket/data", "push_to": "gs://bucket/served"},
    )
    assert job.job_id.startswith("toy-")


def _parameters(job):
    return job["pipelineSpec"]["root"]["inputDefinitions"]["parameters"]


def test_training_on_vertex_is_a_custom_job(vertex):
    from google.cloud import aiplatform_v1

    spec = vertex["pipelineSpec"]
    assert "components.vertex_jobs.VertexTrainerExecutor" in container(spec, "Trainer")["args"]
    config = custom_config(spec, "Trainer")
    assert config["ai_platform_enable_vertex"] is True
    assert config["ai_platform_vertex_region"] == "europe-west4"
    job = config["ai_platform_training_args"]
    assert job.pop("project") == "some-project"
    parsed = aiplatform_v1.CustomJob(**job)
    [pool] = parsed.job_spec.worker_pool_specs
    assert (pool.machine_spec.machine_type, pool.replica_count) == ("n1-highmem-8", 1)
    assert pool.machine_spec.accelerator_type.name == "NVIDIA_TESLA_T4"
    assert pool.container_spec.image_uri == IMAGE
    assert parsed.job_spec.service_account == VERTEX["service_account"]
    assert parsed.job_spec.network == VERTEX["network"]
    assert config["training"]["batch_tokens"] == 256, "what the training itself needs is there as well"


def test_what_outlives_a_run_is_below_the_pipeline_root(kubeflow, vertex):
    for spec, counts in ((kubeflow[0], None), (vertex["pipelineSpec"], "gs://bucket/root/analyzer_cache")):
        assert custom_config(spec, "Trainer")["checkpoints"] == "gs://bucket/root/checkpoints"
        assert custom_config(spec, "Transform")["analyzer_cache"] == counts


def test_the_endpoint_gets_the_blessed_model(vertex):
    spec = vertex["pipelineSpec"]
    config = custom_config(spec, "EndpointPusher")
    assert config["ai_platform_vertex_container_image_uri"].startswith("us-docker.pkg.dev/vertex-ai/prediction/")
    assert config["ai_platform_serving_args"] == {
        "project_id": "some-project",
        "endpoint_name": "translation",
        "machine_type": "n1-standard-4",
        "min_replica_count": 1,
        "max_replica_count": 3,
    }
    blessings = {"model", "model_blessing", "infra_blessing"}
    assert set(tasks(spec)["EndpointPusher"]["inputs"]["artifacts"]) == blessings


def test_beam_runs_on_dataflow_in_the_image(vertex):
    arguments = container(vertex["pipelineSpec"], "Transform")["args"]
    for argument in (
        "--runner=DataflowRunner",
        "--project=some-project",
        "--region=europe-west4",
        "--temp_location=gs://bucket/root/dataflow",
        f"--sdk_container_image={IMAGE}",
        "--max_num_workers=20",
        "--labels=team=nlp",
    ):
        assert argument in arguments


def test_each_service_of_vertex_is_optional_and_the_tuner_is_a_custom_job_too(tmp_path):
    bare = {key: VERTEX[key] for key in ("project", "region", "image", "pipeline_root", "tuning")}
    tuner = {"enabled": True, "space": {"model.dropout": {"min": 0.0, "max": 0.3}}}
    [job] = compiled(tmp_path / "toy", "vertex", bare, tuner=tuner)
    spec = job["pipelineSpec"]
    assert "components.trainer.TrainerExecutor" in container(spec, "Trainer")["args"]
    assert "EndpointPusher" not in tasks(spec)
    assert not [word for word in container(spec, "Transform")["args"] if word.startswith("--runner")]
    assert "components.vertex_jobs.VertexTunerExecutor" in container(spec, "Tuner")["args"]
    job = custom_config(spec, "Tuner")["ai_platform_tuning_args"]
    assert job["job_spec"]["worker_pool_specs"][0]["machine_spec"] == {"machine_type": "n1-standard-4"}


@pytest.mark.parametrize(
    ("target", "section", "settings", "said"),
    [
        ("kubeflow", None, {}, "deploy.kubeflow: this section is needed"),
        ("vertex", None, {}, "deploy.vertex: this section is needed"),
        ("kubeflow", {"labels": {"team ": "nlp"}}, {}, "deploy.kubeflow.labels.team : a label's name has at most 63"),
        ("kubeflow", {"labels": {"team": "x" * 64}}, {}, "deploy.kubeflow.labels.team: found 'x"),
        ("vertex", {"labels": {"Team": "nlp"}}, {}, "deploy.vertex.labels.Team: a label's name"),
        ("vertex", {"labels": {"team": "NLP"}}, {}, "deploy.vertex.labels.team: found 'NLP'"),
        ("vertex", {"labels": {f"l{index}": "" for index in range(65)}}, {}, "has 65 labels: allowed are 64"),
        ("vertex", {}, {"name": "7-toys"}, "name is '7-toys': on Vertex AI it must begin with a letter"),
        ("kubeflow", {"resources": [{"component": "Trainr"}]}, {}, "deploy.kubeflow.resources.0.component is 'Trainr'"),
        ("kubeflow", {}, {"pattern": "{{$.x}}"}, "would take for a placeholder"),
        ("kubeflow", {}, {"pattern": "p" * 100_000}, "bytes of settings, property "),
    ],
)
def test_limits_are_told_with_their_key(tmp_path, target, section, settings, said):
    base = {"kubeflow": {"image": IMAGE}, "vertex": {key: VERTEX[key] for key in ("project", "region", "image")}}
    base["vertex"]["pipeline_root"] = "gs://bucket/root"
    deploy = {} if section is None else {target: {**base[target], **section}}
    further = {key: value for key, value in settings.items() if key != "pattern"}
    config = write_task(tmp_path, deploy=deploy, **further).config
    pattern = f"data.inputs.0.pattern='{settings.get('pattern', 'train.tsv')}'"
    output = tmp_path / "pipeline.yaml"
    with pytest.raises(ConfigError) as told:
        seq2seq("compile", config, "--target", target, "--output", output, "--set", pattern)
    assert said in str(told.value)
    assert not output.exists()


def test_json_is_written_where_the_name_says_so(tmp_path):
    bare = {key: VERTEX[key] for key in ("project", "region", "image", "pipeline_root")}
    config = write_task(tmp_path, deploy={"vertex": bare, "kubeflow": KUBEFLOW}).config
    output = tmp_path / "job.json"
    assert seq2seq("compile", config, "--target", "vertex", "--output", output).exit_code == 0
    assert json.loads(output.read_text(encoding="utf-8"))["displayName"] == "toy"
    output.unlink()
    with pytest.raises(ConfigError, match="a second document, which JSON cannot hold"):
        seq2seq("compile", config, "--target", "kubeflow", "--output", output)
    assert not output.exists()
