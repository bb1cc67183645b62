"""Runs the containers of a compiled pipeline as processes on this machine, with the input that a cluster gives them.

Each container is told what to do by one argument, {{$}}: an ExecutorInput in JSON. It tells what came of it in the file
of an ExecutorOutput.
"""

import dataclasses
import json
import pathlib
import subprocess


@dataclasses.dataclass
class ContainerRun:
    """One run.

    Attributes:
      spec: the pipeline's specification.
      root: folder of the artifacts.
      variables: environment variables of the containers.
      parameters: of the run; those that have a default may be left out.
      outputs: the ExecutorOutput of each task that has run, by its name; its artifacts have names and types as well.
    """

    spec: dict
    root: pathlib.Path
    variables: dict
    parameters: dict
    outputs: dict = dataclasses.field(default_factory=dict)

    def run(self, before_each=lambda name: None):
        """Runs all tasks that have no output yet, each after those that it waits for.

        Args:
          before_each: called with the name of each task before it runs.

        Raises:
          ContainerFailedError: a container did; what waits for it has not run.
        """
        tasks = self.spec["root"]["dag"]["tasks"]
        waiting = {name: task for name, task in tasks.items() if name not in self.outputs}
        while waiting:
            ready = [name for name, task in waiting.items() if not self._needed(task) - set(self.outputs)]
            for name in sorted(ready):
                before_each(name)
                self.outputs[name] = self._run(name, waiting.pop(name))

    def artifact(self, task, key):
        """The folder of an artifact."""
        return pathlib.Path(self._artifact(task, key)["uri"])

    def _needed(self, task):
        needed = set(task.get("dependentTasks", []))
        inputs = task.get("inputs", {})
        needed |= {item["taskOutputArtifact"]["producerTask"] for item in inputs.get("artifacts", {}).values()}
        return needed | {
            item["taskOutputParameter"]["producerTask"]
            for item in inputs.get("parameters", {}).values()
            if "taskOutputParameter" in item
        }

    def _run(self, name, task):
        component = self.spec["components"][task["componentRef"]["name"]]
        container = self.spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
        folder = self.root / name
        executor_input = {"inputs": self._inputs(task), "outputs": self._output_places(component, folder)}
        words = [*container["command"], *container["args"]]
        command = [json.dumps(executor_input) if word == "{{$}}" else word for word in words]
        folder.mkdir(parents=True)
        for key, definition in component.get("outputDefinitions", {}).get("artifacts", {}).items():
            # A bucket has no folders to make; what is a single value is a file.
            if "tfx.String" not in definition["artifactType"]["instanceSchema"]:
                (folder / key).mkdir()
        finished = subprocess.run(command, cwd=folder, env=self.variables, capture_output=True, text=True)
        (folder / "log.txt").write_text(finished.stdout + finished.stderr, encoding="utf-8")
        if finished.returncode:
            raise ContainerFailedError(name, finished.stderr)
        output = json.loads((folder / "executor_output.json").read_text(encoding="utf-8"))
        output.setdefault("artifacts", {})
        for key, place in executor_input["outputs"]["artifacts"].items():
            [expected] = place["artifacts"]
            [told] = output["artifacts"].get(key, {"artifacts": [{}]})["artifacts"]
            output["artifacts"][key] = {"artifacts": [{**expected, **told}]}
        return output

    def _inputs(self, task):
        inputs = task.get("inputs", {})
        return {
            "parameterValues": {key: self._value(item) for key, item in inputs.get("parameters", {}).items()},
            "artifacts": {
                key: {
                    "artifacts": [
                        self._artifact(
                            item["taskOutputArtifact"]["producerTask"], item["taskOutputArtifact"]["outputArtifactKey"]
                        )
                    ]
                }
                for key, item in inputs.get("artifacts", {}).items()
            },
        }

    def _value(self, item):
        if "runtimeValue" in item:
            return item["runtimeValue"]["constant"]
        if "taskOutputParameter" in item:
            source = item["taskOutputParameter"]
            return self.outputs[source["producerTask"]]["parameterValues"][source["outputParameterKey"]]
        name = item["componentInputParameter"]
        definition = self.spec["root"]["inputDefinitions"]["parameters"][name]
        return self.parameters[name] if name in self.parameters else definition["defaultValue"]

    def _artifact(self, task, key):
        [artifact] = self.outputs[task]["artifacts"][key]["artifacts"]
        return artifact

    def _output_places(self, component, folder):
        definitions = component.get("outputDefinitions", {})
        return {
            "outputFile": str(folder / "executor_output.json"),
            "parameters": {
                key: {"outputFile": str(folder / "parameters" / key)} for key in definitions.get("parameters", {})
            },
            "artifacts": {
                key: {
                    "artifacts": [
                        {
                            "name": f"{folder.name}/{key}",
                            "uri": str(folder / key),
                            "type": definition["artifactType"],
                            "metadata": definition.get("metadata", {}),
                        }
                    ]
                }
                for key, definition in definitions.get("artifacts", {}).items()
            },
        }


class ContainerFailedError(Exception):
    """A container ended with a status other than 0; holds the name of its task, and what it wrote."""

    def __init__(self, task, log):
        super().__init__(f"{task}: {log[-3000:]}")
        self.task = task
        self.log = log
