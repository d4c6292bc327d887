"""Server-rendered pages, and the browser islands for diagrams and forms.

`pages.py` lists every address and the view that answers it; `views/` holds the views, one file per page; `templates/` the HTML;
`src/` the JavaScript and CSS that `build.py` bundles into `static/dist`. What they show is asked of the rooms below: `views.py` of a
capability, `engine.runtime.read`. May import handlers and engine, never api: what the edge gives a page (person, CSRF token, product)
is listed in `product.py`.
"""
