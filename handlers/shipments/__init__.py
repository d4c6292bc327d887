"""What left for a customer: shipments, their lines and packages. Ground above orders.

Fulfilment writes them when we ship, drop-ship when a supplier says that it shipped; billing reads them. Open `model.py`.
"""
