"""What a format's parts raise when a piece of text means nothing."""


class UnreadableError(ValueError):
    """
    A piece of text cannot be read; whoever knows its key and place reports it.

    Attributes:
        found: What is there, ready to be shown; it may hold part of a value.
        masked: The same for the value of a secret: nothing of it is in there.
        expected: What should be there.
        cure: What to do about it, a whole sentence without any part of the value.
        rule: A word of the grammar.
    """

    def __init__(
        self, *, found: str, masked: str, expected: str, cure: str, rule: str
    ) -> None:
        super().__init__(found, expected)
        self.found = found
        self.masked = masked
        self.expected = expected
        self.cure = cure
        self.rule = rule
