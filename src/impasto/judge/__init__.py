"""Judging pictures blind: pairs of them on a page of this machine, the votes in a file, preferences with intervals.

`comparisons` and `crops` find what there is to be judged, `session` asks one rater, `server` and `sheet` show the
questions, `votes` keeps the answers, and `report` makes preferences of them by the formulas of `statistics`.
"""
