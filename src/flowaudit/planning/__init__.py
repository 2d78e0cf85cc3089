"""Which measures: how much each saves, and what if an assumption were another."""

from flowaudit.planning.attribution import Attribution, Bar, Savings, method_name
from flowaudit.planning.coalitions import Coalitions
from flowaudit.planning.demand import arrivals_at
from flowaudit.planning.indices import Index
from flowaudit.planning.inputs import Input
from flowaudit.planning.promise import Promise, promise
from flowaudit.planning.promised import Promised, Stated
from flowaudit.planning.recommend import Recommendation, recommend, role_name
from flowaudit.planning.robustness import DemandLevel, Load, Robustness, robust
from flowaudit.planning.search import Point, Search, search
from flowaudit.planning.sensitivity import Variation, sensitivity
from flowaudit.planning.shapley import shapley
from flowaudit.planning.staffing import Reading, Staffing, reading_name, smallest_staffing
from flowaudit.planning.staffing_search import Post, Tried
from flowaudit.planning.uncertainty import Swing, Uncertainty, uncertainty
from flowaudit.planning.waterfall import waterfall

__all__ = [
    "Attribution",
    "Bar",
    "Coalitions",
    "DemandLevel",
    "Index",
    "Input",
    "Load",
    "Point",
    "Post",
    "Promise",
    "Promised",
    "Reading",
    "Recommendation",
    "Robustness",
    "Savings",
    "Search",
    "Staffing",
    "Stated",
    "Swing",
    "Tried",
    "Uncertainty",
    "Variation",
    "arrivals_at",
    "method_name",
    "promise",
    "reading_name",
    "recommend",
    "robust",
    "role_name",
    "search",
    "sensitivity",
    "shapley",
    "smallest_staffing",
    "uncertainty",
    "waterfall",
]
