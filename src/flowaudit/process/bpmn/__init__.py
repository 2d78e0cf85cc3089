"""A process as a BPMN 2.0 diagram with its parameters beside it, out and in."""

from flowaudit.process.bpmn.parameters import parameter_schema
from flowaudit.process.bpmn.reading import bpmn_problems, read_bpmn
from flowaudit.process.bpmn.writing import write_bpmn

__all__ = ["bpmn_problems", "parameter_schema", "read_bpmn", "write_bpmn"]
