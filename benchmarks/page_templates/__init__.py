"""Generated pages whose reading order and cells are known exactly, as lines that a text detector gives.

catalog.py       the templates by name, in two halves: for building, for judging
writer.py        made-up words, names, amounts
sheet.py         runs of text with the ink of real fonts, in reading order
typesetting.py   paragraphs, columns, tables
detector.py      runs into lines: margins, merged and torn pieces, skew
scores.py        order and cells of a page's layout
measure.py       the figures of all templates
rendered.py      the same pages as pictures, through an engine
prose.py law.py accounts.py plots.py figures.py grids.py talk.py columns_down.py    the templates
"""
