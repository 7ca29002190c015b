"""Models that several cases use."""

import enum
from typing import Generic, TypeVar

from pydantic import (
    BaseModel,
)

T = TypeVar("T")


class Owner(BaseModel):
    """Who owns it."""

    name: str


class State(enum.Enum):
    IN_PROGRESS = "in_progress"
    DONE = "done"


class Item(BaseModel):
    id: int


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: str | None = None


