"""What we sell and for how much: items, price lists, agreements, promotions, tax and freight rates, suppliers' prices. Ground.

Open `model.py` for the tables, `master_data.py` to add an item or set a price, `rules.py` for the price waterfall (pure;
`handlers.orders.pricing` feeds it).
"""
