"""Reading order: lines with polygons in, blocks of rows of lines in reading order out. Knows no engine.

arrange.py     the one function that others call, and what it gives
geometry.py    polygons as upright boxes: skew, vertical and right-to-left text are turned away
flow.py        which lines are running text
margins.py     line numbers, heads and feet
bands.py       runs of rows that have a corridor in common
columns.py     a page into strips: bands, columns, columns of columns
rows.py        the lines of a strip into rows
blocks.py      rows into blocks
"""
