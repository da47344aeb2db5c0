"""The fields of a model, and the keys that match them."""

from dataclasses import dataclass
from typing import Final

from config_admin.core.annotations import Wanted

_SEPARATORS: Final = str.maketrans("-.", "__")


@dataclass(frozen=True, slots=True)
class Field:
    """
    One field.

    Attributes:
        name: What the class calls it.
        arguments: The names under which the constructor takes it; never empty.
        wanted: What its annotation takes.
        has_default: Whether it may be left out.
    """

    name: str
    arguments: tuple[str, ...]
    wanted: Wanted
    has_default: bool

    @property
    def is_secret(self) -> bool:
        """Whether its type is one that hides its value, as pydantic's `SecretStr`."""
        return any(hasattr(each, "get_secret_value") for each in self.wanted.foreign)


@dataclass(frozen=True, slots=True)
class Fields:
    """
    What a class is made of.

    Attributes:
        all: In the order of the class.
        takes_others: Whether it takes keys that are no field's.
        judges: Whether it refuses by itself what is missing or of a wrong type.
    """

    all: tuple[Field, ...]
    takes_others: bool = False
    judges: bool = False

    def by_key(self) -> dict[str, tuple[Field, str]]:
        """Each field and the argument that a key stands for, by the folded key."""
        return {
            folded(argument): (field, argument)
            for field in self.all
            for argument in field.arguments
        }


def folded(key: str) -> str:
    """*key* as it is compared: without regard to case; ``-``, ``.`` and ``_`` equal."""
    return key.lower().translate(_SEPARATORS)
