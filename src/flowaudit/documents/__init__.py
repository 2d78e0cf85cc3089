"""Say it: the plan as Word or as one offline page, and all numbers as a workbook."""

from flowaudit.documents.content import Figure, Heading, Paragraph, Section, Table
from flowaudit.documents.plan import Plan, plan
from flowaudit.documents.tables import tables, write_book, write_tables

__all__ = ["Figure", "Heading", "Paragraph", "Plan", "Section", "Table", "plan", "tables", "write_book", "write_tables"]
