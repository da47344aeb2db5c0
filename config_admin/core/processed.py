"""What a service would get, and where it came from."""

from collections.abc import Mapping

from config_admin.core.properties import Properties


class ProcessedProperties(Properties):
    """
    What a service would get: with placeholders, defaults, overrides and plugins.

    Attributes:
        sources: Where a key came from, for people, if it overrides what the file says.
    """

    __slots__ = ("sources",)

    def __init__(
        self, properties: Mapping[str, object], sources: Mapping[str, str]
    ) -> None:
        super().__init__(properties)
        self.sources = dict(sources)

    def without_secrets(self) -> "ProcessedProperties":
        """The same, with secret values masked."""
        return ProcessedProperties(self.masked(), self.sources)
