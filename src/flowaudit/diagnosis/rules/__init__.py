"""The waste rules W01-W25, one file each: every file of this folder is a rule."""

from importlib import import_module
from pkgutil import iter_modules

from flowaudit.diagnosis.rule import Rule

_FOUND = (import_module(f"{__name__}.{module.name}").RULE for module in iter_modules(__path__))
RULES: dict[str, Rule] = {rule.id: rule for rule in sorted(_FOUND, key=lambda rule: rule.id)}

__all__ = ["RULES"]
