"""What the rules say: items (事项), their materials, steps, limits and relations, and whether the guides are in order."""

from flowaudit.catalogue.catalogue import Catalogue, Origin
from flowaudit.catalogue.codes import CodeList, code_lists
from flowaudit.catalogue.limits import limit_from
from flowaudit.catalogue.lint import GUIDE_RULES, lint
from flowaudit.catalogue.mapping import CatalogueMapping
from flowaudit.catalogue.merges import apply_merges, propose_merges
from flowaudit.catalogue.names import normalise_name
from flowaudit.catalogue.prerequisites import LongestPath, Prerequisite, Prerequisites
from flowaudit.catalogue.read import CatalogueError, read_catalogue
from flowaudit.catalogue.rules.guide import GuideRule
from flowaudit.catalogue.tables import TABLES
from flowaudit.catalogue.template import write_template

__all__ = [
    "GUIDE_RULES", "TABLES", "Catalogue", "CatalogueError", "CatalogueMapping", "CodeList", "GuideRule", "LongestPath",
    "Origin", "Prerequisite", "Prerequisites", "apply_merges", "code_lists", "limit_from", "lint", "normalise_name",
    "propose_merges", "read_catalogue", "write_template",
]  # fmt: skip
