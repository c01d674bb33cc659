"""What is imported is declared, what is declared is used, and all of it is pinned."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.contracts.tree import CODE, ROOT, files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUN_TIME = [Requirement(line) for line in PROJECT["dependencies"]]
TEST = [Requirement(line) for line in PROJECT["optional-dependencies"]["test"]]
OURS = {"app", "analysis", "tests"}
USED_WITHOUT_IMPORT = {
    "accelerate": "transformers loads weights with it",
    "gguf": "transformers reads GGUF files with it",
    "python-multipart": "FastAPI reads forms with it",
}
OF_THE_TESTS = {
    "joserfc": "the extra oidc verifies tokens with it; without it the page says what to install",
    "playwright": "bench circuit-page drives a browser, or says what to install",
}


def names(requirements: list[Requirement]) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in requirements}


def imported(paths: list[Path]) -> set[str]:
    """Distributions, by canonical name, that these files import at any place."""
    modules: set[str] = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    known = packages_distributions()
    foreign = modules - OURS - set(sys.stdlib_module_names)
    return {canonicalize_name(known.get(module, [module])[0]) for module in foreign}


def test_what_the_code_imports_is_what_is_declared() -> None:
    used = imported([*files(*CODE, "migrations", suffix=".py")])
    assert set(OF_THE_TESTS) <= names(TEST)
    assert used <= names(RUN_TIME) | set(OF_THE_TESTS)
    assert names(RUN_TIME) - used <= set(USED_WITHOUT_IMPORT)


def test_every_declared_version_is_pinned_to_one_that_fits() -> None:
    pinned = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, version = re.fullmatch(r"([A-Za-z0-9._-]+)==([0-9][0-9A-Za-z.]*)", line).groups()
            pinned[canonicalize_name(name)] = version
    for requirement in (*RUN_TIME, *TEST):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)])


def test_every_requirement_says_from_which_version_on() -> None:
    assert [str(r) for r in (*RUN_TIME, *TEST) if not r.specifier] == []
