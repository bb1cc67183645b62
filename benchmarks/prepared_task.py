"""The transformed pairs of a task that `seq2seq run` has prepared, for trainings outside of the pipeline."""

from pathlib import Path
from types import SimpleNamespace

from pipeline.config import Config
from pipeline.workspace import Workspace
from trainer.task import Task


def prepared_task(config: Config) -> Task:
    """The newest output of the task's Transform.

    Raises:
        FileNotFoundError: Where Transform has not run.
    """
    graph = newest_output(config, "Transform", "transform_graph")
    examples = newest_output(config, "Transform", "transformed_examples")
    return Task.of(
        SimpleNamespace(
            custom_config={
                "source": config.source.model_dump(),
                "target": config.target.model_dump(),
                "shared_vocabulary": config.shared_vocabulary,
            },
            transform_graph_path=str(graph),
            train_files=[str(examples / "Split-train" / "*")],
            eval_files=[str(examples / "Split-eval" / "*")],
            base_model=None,
        )
    )


def newest_output(config: Config, component: str, output: str) -> Path:
    """The folder of a component's newest output.

    Raises:
        FileNotFoundError: Where it has none.
    """
    folder = Workspace.of(config).artifacts / component / output
    numbers = [int(path.name) for path in folder.iterdir() if path.name.isdigit()] if folder.is_dir() else []
    if not numbers:
        raise FileNotFoundError(f"{folder} has no output of {component}: prepare the task with `seq2seq run` first")
    return folder / str(max(numbers))
