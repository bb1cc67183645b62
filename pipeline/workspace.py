"""Where a task keeps its artifacts, metadata, logs and pushed models."""

import dataclasses
from pathlib import Path

from pipeline.config import Config


@dataclasses.dataclass(frozen=True)
class Workspace:
    """The folders of one task; nothing is created here."""

    root: Path
    served: Path

    @classmethod
    def of(cls, config: Config) -> "Workspace":
        """The workspace that the configuration names, as absolute paths."""
        root = Path(config.workspace).absolute() / config.name
        served = Path(config.serving.push_to).absolute() if config.serving.push_to else None
        return cls(root=root, served=served or root / "served" / config.serving.model_name)

    @property
    def artifacts(self) -> Path:
        """Folder of the components' outputs."""
        return self.root / "artifacts"

    @property
    def checkpoints(self) -> Path:
        """Folder of unfinished trainings."""
        return self.root / "checkpoints"

    @property
    def analyzer_cache(self) -> Path:
        """Folder of what Transform has counted in the spans of a window."""
        return self.root / "analyzer_cache"

    @property
    def metadata(self) -> Path:
        """SQLite file of ML Metadata."""
        return self.root / "metadata.sqlite"

    @property
    def packages(self) -> Path:
        """Folder of the wheels that workers are sent."""
        return self.root / "packages"

    @property
    def logs(self) -> Path:
        """Folder with one log file per run."""
        return self.root / "logs"

    @property
    def run_lock(self) -> Path:
        """Lock of whoever runs the pipeline."""
        return self.root / "run.lock"

    @property
    def watch_lock(self) -> Path:
        """Lock of whoever waits for new data."""
        return self.root / "watch.lock"

    @property
    def watched(self) -> Path:
        """File with the state of the data that was run last by a watch."""
        return self.root / "watched.txt"
