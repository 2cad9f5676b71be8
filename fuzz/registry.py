"""All targets, found by walking `fuzz/targets/`."""

import importlib
import pkgutil
from functools import cache

import fuzz.targets
from fuzz.target import Target


@cache
def targets() -> tuple[Target, ...]:
    """In the order of their files' names. ValueError where two have one name."""
    found: list[Target] = []
    for module in sorted(info.name for info in pkgutil.iter_modules(fuzz.targets.__path__)):
        found += importlib.import_module(f"fuzz.targets.{module}").TARGETS
    names = [target.name for target in found]
    if len(set(names)) != len(names):
        raise ValueError(f"two targets have one name: {sorted(name for name in names if names.count(name) > 1)}")
    return tuple(found)


def target(name: str) -> Target:
    """KeyError where there is none."""
    for one in targets():
        if one.name == name:
            return one
    raise KeyError(name)
