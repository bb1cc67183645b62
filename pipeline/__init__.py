"""The typed config, the pipeline that it describes, one runner per orchestrator, and the command line."""
