"""Frozen data whose identity is what it states, not the class that reads it."""

from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from xlser.errors import InvalidProtocolError


class Stated(BaseModel):
    """Base of frozen models that are part of a digest.

    A value is stated if it was given, or if it belongs to a field in `always_stated`. A field that
    a later version adds with a default is therefore in no digest until someone gives it a value.

    Attributes:
        always_stated: fields whose defaults count as given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    always_stated: ClassVar[frozenset[str]] = frozenset()

    def model_post_init(self, context: Any, /) -> None:
        """Count the fields in `always_stated` as given."""
        self.__pydantic_fields_set__.update(self.always_stated)

    def stated(self) -> dict[str, Any]:
        """Return the stated values, as JSON has them."""
        return self.model_dump(mode="json", exclude_unset=True)

    @model_validator(mode="wrap")
    @classmethod
    def _in_words(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Raise `InvalidProtocolError` in place of pydantic's error."""
        try:
            return handler(data)
        except ValidationError as cause:
            raise InvalidProtocolError(*_first_fault(cls.__name__, cause)) from None


def _first_fault(model: str, error: ValidationError) -> tuple[str, str]:
    """Return what is wrong with the first field that cannot be read, and what to do about it."""
    fault = error.errors(include_url=False)[0]
    field = ".".join(map(str, fault["loc"])) or "the whole"
    if fault["type"] == "missing":
        return f"{model} states no {field}.", f"State {field}."
    if fault["type"] == "extra_forbidden":
        return f"{model} has no field {field}.", "Remove the field, or correct its name."
    message = fault["msg"][:1].lower() + fault["msg"][1:]
    return f"{model}: {field} is {fault['input']!r:.60}: {message}.", f"Correct {field}."
