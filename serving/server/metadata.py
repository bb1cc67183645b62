"""GetModelMetadata: the signatures of a model, as they stand in its saved_model.pb."""

from tensorflow_serving.apis import get_model_metadata_pb2

from serving.server.errors import invalid_argument
from serving.server.models import ModelManager

SIGNATURE_DEF = "signature_def"


def get_model_metadata(
    models: ModelManager, request: get_model_metadata_pb2.GetModelMetadataRequest
) -> get_model_metadata_pb2.GetModelMetadataResponse:
    """Answers with the SignatureDefMap of the version asked for.

    Raises:
      ServingError: no field or one other than `signature_def` is asked for, or there is no such model.
    """
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")
    if not request.metadata_field:
        raise invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
    for field in request.metadata_field:
        if field != SIGNATURE_DEF:
            raise invalid_argument(f"Metadata field {field} is not supported")
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    with models.lease(request.model_spec) as servable:
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in servable.session.signatures.items():
            signatures.signature_def[name].CopyFrom(signature)
        response.model_spec.name = servable.name
        response.model_spec.version.value = servable.version
        response.metadata[SIGNATURE_DEF].Pack(signatures)
    return response
