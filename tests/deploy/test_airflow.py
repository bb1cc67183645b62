"""The DAG of Airflow, parsed by the Airflow on the PATH, if any; its commands are ones that `seq2seq` has."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from typer.main import get_command

from pipeline.cli.main import app
from tests.deploy.manifests import ROOT

FOLDER = ROOT / "deploy" / "airflow"
PARSE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag

bag = DagBag(dag_folder=sys.argv[1])
tasks = {
    dag_id: {name: [sorted(task.downstream_task_ids), task.skip_on_exit_code] for name, task in dag.task_dict.items()}
    for dag_id, dag in bag.dags.items()
}
print(json.dumps({"errors": bag.import_errors, "dags": tasks}))
"""


def test_its_commands_are_there():
    commands = re.findall(r"'seq2seq ([a-z ]+) \"\$CONFIG\"", (FOLDER / "seq2seq_pipeline.py").read_text())
    assert len(commands) == 3
    for command in commands:
        found = get_command(app)
        for name in command.split():
            found = found.commands[name]


@pytest.mark.skipif(shutil.which("airflow") is None, reason="no airflow on PATH: it does not fit into one environment")
def test_airflow_takes_it(tmp_path):
    python = pathlib.Path(shutil.which("airflow")).with_name("python")
    variables = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    command = [python, "-W", "ignore", "-c", PARSE, FOLDER]
    output = subprocess.run(command, env=variables, check=True, capture_output=True, text=True).stdout
    parsed = json.loads(output.splitlines()[-1])
    assert parsed["errors"] == {}
    assert parsed["dags"]["seq2seq"] == {"check": [["run"], [99]], "run": [["status"], [3]], "status": [[], [99]]}
