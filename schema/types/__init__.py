"""The types of the shop, one file each.

They refer to each other in circles, so all are imported here: whoever imports one has them all.
"""

from schema.types import customer, order, product, review, shipment, stock

__all__ = ["customer", "order", "product", "review", "shipment", "stock"]
