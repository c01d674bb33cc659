"""Paths of pages, quoted."""

from urllib.parse import quote


def model_path(model: str) -> str:
    return f"/m/{quote(model, safe='')}"


def site_path(model: str, site: str) -> str:
    return f"{model_path(model)}/{quote(site, safe='')}"


def unit_path(model: str, site: str, index: int) -> str:
    return f"{site_path(model, site)}/{index}"
