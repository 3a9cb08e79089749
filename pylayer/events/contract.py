"""`Payload`: facts checked against the contract that their model states."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    ValidationError,
)
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_plain_validator_function

from pylayer.errors import ValidationFailed

__all__ = ["Count", "Dollars", "Items", "Milliseconds", "Number", "Payload", "Seconds", "Share", "Tokens"]


@dataclass(frozen=True, slots=True)
class _Number:
    """A JSON number as the database sees it: 3.0 is an integer, True and "3" are none, NaN does not exist."""

    minimum: int | None = None
    maximum: int | None = None
    whole: bool = False

    def check(self, value: object) -> int | float:
        number = float(value) if isinstance(value, Decimal) else value
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise PydanticCustomError("number", "must be a number")
        if isinstance(number, float):
            if not math.isfinite(number):
                raise PydanticCustomError("finite_number", "must be a finite number")
            if self.whole:
                if not number.is_integer():
                    raise PydanticCustomError("integer", "must be an integer")
                number = int(number)
        if self.minimum is not None and number < self.minimum:
            raise PydanticCustomError("minimum", "must be at least {limit}", {"limit": self.minimum})
        if self.maximum is not None and number > self.maximum:
            raise PydanticCustomError("maximum", "must be at most {limit}", {"limit": self.maximum})
        return number

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        rule = {
            "type": "integer" if self.whole else "number",
            "minimum": self.minimum,
            "maximum": self.maximum,
        }
        return {keyword: value for keyword, value in rule.items() if value is not None}


_MOST = 2**53  # the last whole number that every JSON reader holds exactly

Number: TypeAlias = Annotated[float, _Number()]
Seconds: TypeAlias = Annotated[float, _Number(0)]
Milliseconds: TypeAlias = Annotated[float, _Number(0, _MOST)]
Count: TypeAlias = Annotated[int, _Number(0, whole=True)]
Tokens: TypeAlias = Annotated[int, _Number(0, _MOST, whole=True)]
Dollars: TypeAlias = Annotated[Decimal | float, _Number(0, 1_000_000_000)]
Share: TypeAlias = Annotated[float, _Number(0, 1)]
Items: TypeAlias = Annotated[list[Any], Strict(False)]  # a tuple is an array too


class Payload(BaseModel):
    """The facts of an event: one subclass a type. Further keys are kept as they are.

    A field that may be left out is left out when it is None. No value is coerced to a field's type.

    Attributes:
        event_name: registered name of the type, such as ``workflow.step_completed``.
        event_version: version of the contract.

    Raises:
        ValidationFailed: ``contract``, the values don't fulfil the contract; ``detail`` names the field.

    Example:
        >>> FlowIssue(issue_type="handoff", impact="low", minutes_lost=20).facts()
        {'issue_type': 'handoff', 'impact': 'low', 'minutes_lost': 20}
        >>> FlowIssue.contract()["required"]
        ['issue_type', 'impact']
    """

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    event_name: ClassVar[str]
    event_version: ClassVar[int] = 1
    _required: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, /, **facts: Any) -> None:
        try:
            super().__init__(**facts)
        except ValidationError as error:
            raise _contract_error(error) from error

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        cls._required = frozenset(name for name, field in cls.model_fields.items() if field.is_required())

    def facts(self) -> dict[str, Any]:
        """Return the payload as it is sent, without the fields that were left out."""
        given = {k: v for k, v in self.__dict__.items() if v is not None or k in self._required}
        if extra := self.__pydantic_extra__:
            given.update(extra)
        return given

    @classmethod
    def contract(cls) -> dict[str, Any]:
        """Return the contract in the form that ``telemetry.event_types`` and ``register_event_type`` have."""
        schema = cls.model_json_schema()
        required = [name for name in cls.model_fields if name in cls._required]
        return {
            "type": "object",
            "required": required,
            "properties": {
                name: _rule(rule, nullable=name in cls._required)
                for name, rule in schema.get("properties", {}).items()
            },
        }


_KEYWORDS = ("enum", "minimum", "maximum", "maxLength")


def _rule(schema: dict[str, Any], *, nullable: bool) -> dict[str, Any]:
    """Return a property of a JSON Schema in the subset of the contracts."""
    kinds: list[dict[str, Any]] = schema.get("anyOf", [schema])
    types = [kind["type"] for kind in kinds if "type" in kind and (nullable or kind["type"] != "null")]
    rule: dict[str, Any] = {"type": types[0] if len(types) == 1 else types} if types else {}
    for kind in kinds:
        rule.update({keyword: kind[keyword] for keyword in _KEYWORDS if keyword in kind})
    return rule


def _contract_error(error: ValidationError) -> ValidationFailed:
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    field = errors[0]["loc"][0]  # contracts are flat; what follows names a branch of a union
    problems = "; ".join(each["msg"] for each in errors if each["loc"][0] == field)
    return ValidationFailed(
        "payload does not fulfil the contract of its event type",
        reason="contract",
        detail=f"{field}: {problems}"[:500],
        hint=f"see the fields of pylayer.events.{error.title}",
    )
