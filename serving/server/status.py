"""GetModelStatus: the state of one version of a model, or of all of them."""

from tensorflow_serving.apis import get_model_status_pb2

from serving.server.errors import invalid_argument, not_found
from serving.server.models import ModelManager


def get_model_status(
    models: ModelManager, request: get_model_status_pb2.GetModelStatusRequest
) -> get_model_status_pb2.GetModelStatusResponse:
    """Answers with the states, the highest version first. A version label is not looked at, as in the C++ server.

    Raises:
      ServingError: there is no such model or version.
    """
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")
    name = request.model_spec.name
    states = models.states(name)
    if request.model_spec.HasField("version"):
        version = request.model_spec.version.value
        if version not in states:
            raise not_found(f"Could not find version {version} of model {name}")
        states = {version: states[version]}
    elif not states:
        raise not_found(f"Could not find any versions of model {name}")
    response = get_model_status_pb2.GetModelStatusResponse()
    for version, state in states.items():
        status = response.model_version_status.add(version=version, state=int(state.state))
        status.status.SetInParent()
        if state.error is not None:
            status.status.error_code = state.error.code.value[0]
            status.status.error_message = state.error.message
    return response
