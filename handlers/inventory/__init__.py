"""What lies where: warehouses, balances, movements, reservations and expected supply. Ground.

Open `stock.py` to receive, reserve, release or issue; each locks the balance rows in one stable order. `invariants.py` proves them.
"""
