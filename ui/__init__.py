"""Server-rendered pages, and the browser islands for diagrams and forms.

`pages.py` lists every address and the view that answers it; `views/` holds the views, one file per page; `read/` the queries they
show; `templates/` the HTML; `src/` the JavaScript and CSS that `build.py` bundles into `static/dist`. May import handlers and engine,
never api: what the edge gives a page (person, CSRF token, product) is listed in `product.py`.
"""
