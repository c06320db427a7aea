"""Reports: one model of what is to be said (`model`), rendered as HTML and as Markdown (`render`).

Nothing here knows what an evaluation is: whoever has something to report builds a `Report`.
"""
