"""The REST interface: `install` hangs every router on the application."""

from fastapi import FastAPI

DESCRIPTION = "Record from the neurons of a network, explain them, intervene."


def install(app: FastAPI) -> None:
    """Nothing yet."""
