"""What fields of forms and addresses hold before they are read."""


def blank_to_none(value: object) -> object:
    """A field that was left empty is none that was given."""
    return None if value == "" else value
