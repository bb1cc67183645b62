"""The models that are served: loading and unloading their versions, and lending them to requests."""

import collections
import contextlib
import dataclasses
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import grpc
import tensorflow as tf
from tensorflow_serving.apis import model_pb2
from tensorflow_serving.config import model_server_config_pb2

from serving.server.errors import ServingError, failed_precondition, invalid_argument, not_found, of_tensorflow
from serving.server.model_configs import check_models
from serving.server.servable import Servable
from serving.server.states import State, VersionState
from serving.server.versions import aspired_versions

_LOGGER = logging.getLogger("seq2seq.server")


Loader = Callable[[str, int, Path], Servable]


@dataclasses.dataclass(frozen=True)
class LoadSettings:
    """How versions are looked for and loaded."""

    poll_seconds: float = 1.0  # 0: look once, at the start
    retries: int = 5
    retry_seconds: float = 60.0
    labels_for_unavailable: bool = False  # a label may be given to a version that is not served yet


class ModelManager:
    """Serves the versions that the models' policies want, a new one before the old one goes."""

    def __init__(self, load: Loader, settings: LoadSettings = LoadSettings()):
        self._load = load
        self._settings = settings
        self._changed = threading.Condition()  # guards everything below
        self._models: dict[str, model_server_config_pb2.ModelConfig] = {}
        self._served: dict[str, dict[int, Servable]] = collections.defaultdict(dict)
        self._leases: collections.Counter[tuple[str, int]] = collections.Counter()
        self._states: dict[str, dict[int, VersionState]] = collections.defaultdict(dict)
        self._failed: set[tuple[str, int]] = set()
        self._labels: dict[str, dict[str, int]] = {}
        self._reconciling = threading.Lock()
        self._stop = threading.Event()
        self._poller: threading.Thread | None = None

    def start(self, models: Sequence[model_server_config_pb2.ModelConfig]) -> None:
        """Loads the models, and keeps looking for new versions from then on.

        Raises:
          ServingError: a model did not become available.
        """
        self.configure(models)
        if self._settings.poll_seconds > 0:
            self._poller = threading.Thread(target=self._poll, name="versions", daemon=True)
            self._poller.start()

    def configure(self, models: Sequence[model_server_config_pb2.ModelConfig]) -> None:
        """Serves these models from now on, and no others; waits until those that are new are available.

        Raises:
          ServingError: a configuration cannot be used, a label is given to a version that is not available, or a new
            model did not become available.
        """
        check_models(models)
        names = [model.name for model in models]
        with self._changed:
            self._labels = self._checked_labels(models)
            new = [name for name in names if name not in self._models]
            self._models = {model.name: model for model in models}
        self.reconcile()
        self._check_available(new)

    def reconcile(self) -> None:
        """Looks for versions once, loads what is wanted and new, and unloads what is not wanted any more."""
        with self._reconciling:
            with self._changed:
                models = dict(self._models)
                gone = [name for name, served in self._served.items() if served and name not in models]
            for name in gone:
                self._settle(name, {})
            for name, model in models.items():
                try:
                    aspired = aspired_versions(model)
                except ServingError as error:
                    _LOGGER.error("%s", error.message)
                    continue
                self._settle(name, aspired)

    @contextlib.contextmanager
    def lease(self, spec: model_pb2.ModelSpec) -> Iterator[Servable]:
        """The version that a request asks for, kept loaded within the block.

        Raises:
          ServingError: the name is missing, or there is no such model, version or label.
        """
        with self._changed:
            servable = self._find(spec)
            key = (servable.name, servable.version)
            self._leases[key] += 1
        try:
            yield servable
        finally:
            with self._changed:
                self._leases[key] -= 1
                self._changed.notify_all()

    def states(self, name: str) -> dict[int, VersionState]:
        """The states of a model's versions, the highest version first; of those that were unloaded too."""
        with self._changed:
            return dict(sorted(self._states.get(name, {}).items(), reverse=True))

    def close(self) -> None:
        """Stops looking for versions and unloads all of them, each when the requests that use it have ended."""
        self._stop.set()
        if self._poller is not None:
            self._poller.join()
        with self._changed:
            self._models = {}
        self.reconcile()

    def _poll(self) -> None:
        while not self._stop.wait(self._settings.poll_seconds):
            try:
                self.reconcile()
            except Exception:  # noqa: PERF203 - whatever lies in a model's folder, the versions that are served stay served
                _LOGGER.exception("looking for new versions failed")

    def _find(self, spec: model_pb2.ModelSpec) -> Servable:
        if not spec.name:
            raise invalid_argument("ModelSpec has no name specified.")
        choice = spec.WhichOneof("version_choice")
        served = self._served.get(spec.name, {})
        if choice is None:
            if not served:
                raise not_found(f"Servable not found for request: Latest({spec.name})")
            return served[max(served)]
        if choice == "version":
            version = spec.version.value
        elif spec.version_label in self._labels.get(spec.name, {}):
            version = self._labels[spec.name][spec.version_label]
        else:
            raise invalid_argument(f"Unrecognized servable version label: {spec.version_label}")
        if version not in served:
            raise not_found(f"Servable not found for request: Specific({spec.name}, {version})")
        return served[version]

    def _checked_labels(self, models: Sequence[model_server_config_pb2.ModelConfig]) -> dict[str, dict[str, int]]:
        for model in models:
            for label, version in model.version_labels.items():
                before = self._labels.get(model.name, {}).get(label, version)
                may_be_absent = self._settings.labels_for_unavailable and before == version
                if not may_be_absent and version not in self._served.get(model.name, {}):
                    raise failed_precondition(
                        f"Request to assign label to version {version} of model {model.name}, which is not currently"
                        " available for inference"
                    )
        return {model.name: dict(model.version_labels) for model in models}

    def _check_available(self, names: Sequence[str]) -> None:
        missing = []
        for name in names:
            if self._served.get(name):
                continue
            errors = [f" due to error: {state.error}" for state in self.states(name).values() if state.error]
            missing.append(f"{{name: {name}{errors[0] if errors else ''}}}")
        if missing:
            message = f"{len(missing)} model(s) did not become available: {{{', '.join(missing)}}}"
            raise ServingError(grpc.StatusCode.UNKNOWN, message)

    def _settle(self, name: str, aspired: Mapping[int, Path]) -> None:
        """Loads and unloads versions one by one, in the order that keeps the model answering."""
        with self._changed:
            self._failed = {key for key in self._failed if key[0] != name or key[1] in aspired}
        while not self._stop.is_set() or not aspired:
            with self._changed:
                served = self._served[name]
                unwanted = [version for version in sorted(served) if version not in aspired]
                new = [version for version in aspired if version not in served and (name, version) not in self._failed]
            if unwanted and (not aspired or any(version in served for version in aspired) or len(unwanted) > 1):
                self._unload(name, unwanted[0])
            elif new:
                self._try_to_load(name, max(new), aspired[max(new)])
            else:
                return

    def _try_to_load(self, name: str, version: int, folder: Path) -> None:
        self._set_state(name, version, VersionState(State.START))
        self._set_state(name, version, VersionState(State.LOADING))
        for attempt in range(self._settings.retries + 1):
            if attempt and self._stop.wait(self._settings.retry_seconds):
                break
            try:
                servable = self._load(name, version, folder)
            except ServingError as refused:
                error = refused
            except tf.errors.OpError as refused:
                error = of_tensorflow(refused)
            except (OSError, RuntimeError, ValueError) as refused:
                error = not_found(str(refused))
            else:
                with self._changed:
                    self._served[name][version] = servable
                self._set_state(name, version, VersionState(State.AVAILABLE))
                return
            _LOGGER.error("%s version %d cannot be loaded from %s: %s", name, version, folder, error.message)
        with self._changed:
            self._failed.add((name, version))
        self._set_state(name, version, VersionState(State.END, error))

    def _unload(self, name: str, version: int) -> None:
        self._set_state(name, version, VersionState(State.UNLOADING))
        with self._changed:
            servable = self._served[name].pop(version)
            self._changed.wait_for(lambda: not self._leases[(name, version)])
            del self._leases[(name, version)]
        servable.session.close()
        self._set_state(name, version, VersionState(State.END))

    def _set_state(self, name: str, version: int, state: VersionState) -> None:
        with self._changed:
            self._states[name][version] = state
        if state.error is None:
            _LOGGER.info("%s version %d: %s", name, version, state.state.name)
