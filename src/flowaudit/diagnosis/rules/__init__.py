"""The waste rules flowaudit can check, one file each."""

from flowaudit.diagnosis.rule import Rule
from flowaudit.diagnosis.rules import w01_layers, w03_ping_pong, w04_corrections, w09_serial, w10_idle

RULES: dict[str, Rule] = {
    module.RULE.id: module.RULE for module in (w01_layers, w03_ping_pong, w04_corrections, w09_serial, w10_idle)
}

__all__ = ["RULES"]
