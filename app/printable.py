"""Text from outside, as one line of a terminal or a log may hold it."""


def escaped_lines(text: str) -> str:
    """As `escaped`, line by line: where lines end, they still do."""
    return "\n".join(escaped(line.removesuffix("\r")) for line in text.split("\n"))


def escaped(text: str) -> str:
    r"""The text with `\n`, `\x1b`, `\u202e` and the like in place of what does not print."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
