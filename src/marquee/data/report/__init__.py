"""An exploratory report on ratings, items and users, built as any report (`marquee.reporting`).

frames     the tables to look at, from the platform or from files
facts      figures that several parts need, and how numbers are shown
ratings    sections about the ratings, a function a section
sections   the other sections, and the order of all
findings   what was noticed, and what to do about it
report     all of it as one report
"""
