"""A DAG of Airflow that runs the pipeline by its command line.

Variables of Airflow that it reads, when a task runs: `seq2seq_config`, the task's YAML file as the workers see it, and
`seq2seq_folder`, the folder that relative paths in it start from.
"""

import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

# `seq2seq run` ends so when everything went well, but the model is not good enough to be pushed.
NOT_PUSHED = 3

with DAG(
    dag_id="seq2seq",
    description="From pairs of text to a pushed model, where it is good enough.",
    schedule="@daily",
    start_date=datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc),
    catchup=False,
    # Two runs of one task would write into one ML Metadata.
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": datetime.timedelta(minutes=5)},
    params={"overrides": ""},
    tags=["seq2seq"],
) as dag:
    settings = {
        "cwd": "{{ var.value.get('seq2seq_folder', '/workspace') }}",
        "env": {"CONFIG": "{{ var.value.get('seq2seq_config', 'task.yaml') }}", "OVERRIDES": "{{ params.overrides }}"},
        "append_env": True,
    }
    # What is wrong in the configuration would be wrong the next time, too.
    check = BashOperator(
        task_id="check", bash_command='seq2seq config show "$CONFIG" $OVERRIDES', retries=0, **settings
    )
    # A run that is repeated takes what is done already from its cache.
    run = BashOperator(
        task_id="run",
        bash_command='seq2seq run "$CONFIG" $OVERRIDES',
        skip_on_exit_code=NOT_PUSHED,
        execution_timeout=datetime.timedelta(hours=12),
        **settings,
    )
    status = BashOperator(task_id="status", bash_command='seq2seq status "$CONFIG"', **settings)
    check >> run >> status
