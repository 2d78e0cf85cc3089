"""What the rules say: items (事项), their materials, form fields and relations, and who answers for them."""

from flowaudit.catalogue.catalogue import Catalogue
from flowaudit.catalogue.read import CatalogueError, read_catalogue
from flowaudit.catalogue.tables import NECESSITY, TABLES, TableRule

__all__ = ["NECESSITY", "TABLES", "Catalogue", "CatalogueError", "TableRule", "read_catalogue"]
