"""The REST interface: `install` hangs every router on the application."""

from fastapi import FastAPI


def install(app: FastAPI) -> None:
    """Nothing yet."""
