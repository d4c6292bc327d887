"""Who we deal with: our own company, customers, suppliers, their addresses, contacts and bank accounts. Ground.

Open `model.py` for what is known of a party, `master_data.py` to add or change one.
"""
