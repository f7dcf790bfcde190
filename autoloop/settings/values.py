"""What settings are made of: kinds of values, each with what to write, and the base of tables."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

# A description says what to write; it ends the sentence about a value that cannot work.
Text = Annotated[str, Field(min_length=1)]
Patterns = Annotated[tuple[Text, ...], Field(min_length=1)]
Part = Annotated[
    Annotated[float, Field(gt=0.0, le=1.0)] | Patterns,
    Field(description="a share above 0, at most 1, or a list of name patterns such as ['*csv*']"),
]
Amount = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Model = Annotated[
    str, Field(min_length=1, description="a model's name such as 'openai/gpt-5', or 'auto'")
]
Rate = Annotated[
    float, Field(ge=0.0, allow_inf_nan=False, description="US dollars for a million tokens")
]
RateOrNone = Annotated[
    Annotated[float, Field(ge=0.0, allow_inf_nan=False)] | None,
    Field(description="US dollars for a million tokens, or null for the price of input"),
]
AmountLimit = Annotated[Amount | None, Field(description="a number above 0, or null for no limit")]
CountLimit = Annotated[
    Count | None, Field(description="a whole number of at least 1, or null for no limit")
]
Seed = Annotated[int, Field(description="a whole number")]
Factor = Annotated[Amount, Field(description="a number above 0 such as 2.5")]
FactorOrNone = Annotated[
    Amount | None, Field(description="a number above 0, or null for the common multiplier")
]
SecondsLimit = Annotated[
    Amount | None, Field(description="a number of seconds above 0, or null for no limit")
]


class Table(BaseModel):
    """Base of all tables: frozen, and a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_truth_values(cls, value: object, info: ValidationInfo) -> object:
        """Where no yes or no is asked for, pydantic would take true for 1."""
        is_asked = cls.model_fields[info.field_name or ""].annotation is bool
        if isinstance(value, bool) and not is_asked:
            raise ValueError("this is not true or false")
        return value
