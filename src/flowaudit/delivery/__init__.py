"""Hand it over: everything a study says as files in one folder, written whole or not at all."""

from flowaudit.delivery.deliver import FILES, Delivery, deliver, require
from flowaudit.delivery.diagnosis import write_diagnosis
from flowaudit.delivery.duties import DUTIES, duties_template
from flowaudit.delivery.place import Place
from flowaudit.delivery.plain import plain, versions
from flowaudit.delivery.summary import summary

__all__ = [
    "DUTIES",
    "FILES",
    "Delivery",
    "Place",
    "deliver",
    "duties_template",
    "plain",
    "require",
    "summary",
    "versions",
    "write_diagnosis",
]
