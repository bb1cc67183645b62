"""What the page says when the model server gives no answer."""

import dataclasses

from serving.client.errors import (
    AccessError,
    ClientError,
    DeadlineError,
    NotFoundError,
    RequestError,
    UnavailableError,
)
from serving.client.predictor import ModelAddress


@dataclasses.dataclass(frozen=True)
class Fault:
    """Why there is no answer."""

    message: str  # what happened, and what may be done about it
    detail: str  # the code and message that came over the wire


def explain(error: ClientError, address: str, model: ModelAddress) -> Fault:
    """The fault that a failed call amounts to.

    Args:
      error: what the call raised.
      address: of the model server.
      model: which was asked for.
    """
    match error:
        case UnavailableError():
            message = (
                f"The model server at {address} cannot be reached, or has too much to do. Is it running? "
                "seq2seq serve CONFIG starts one."
            )
        case NotFoundError():
            message = f"The model server at {address} does not serve a model {model.name}."
        case AccessError():
            message = f"The model server at {address} wants other credentials."
        case DeadlineError():
            message = f"The model server at {address} took too long. Try a shorter line."
        case RequestError():
            message = f"The model {model.name} cannot do this."
        case _:
            message = f"The model server at {address} failed."
    return Fault(message, str(error))
