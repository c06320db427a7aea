"""An exploratory report on ratings, items and users: one model, rendered as HTML and as Markdown.

frames     the tables to look at, from the platform or from files
model      what a report is made of: sections, figures with their tables, findings
pictures   shapes of charts, computed; templates draw them as SVG
sections   what is looked at, a function a section
findings   what was noticed, and what to do about it
render     the model as HTML and as Markdown
"""
