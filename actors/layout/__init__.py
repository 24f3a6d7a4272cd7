"""Reading order: lines with polygons in, blocks of rows of lines in reading order out. Knows no engine.

arrange.py     the one function that others call, and what it gives
geometry.py    polygons as upright boxes: skew, vertical and right-to-left text are turned away
flow.py        which lines are running text
numbering.py   line numbers down the side of a column
zones.py       lines across over the columns of vertical text
spreads.py     two pages in one picture
margins.py     heads and feet, and lines along the sides
headings.py    headings over several columns
bands.py       runs of rows that have a corridor in common
columns.py     a page into strips: bands, columns, columns of columns
sides.py       whether the two sides of a corridor stand in the same rows
beside.py      what stands beside what: chats, side notes
addresses.py   short blocks of one make side by side
lists.py       lists that go on in the next column
rows.py        the lines of a strip into rows
blocks.py      rows into blocks
fields.py      the boxes of a form
tables.py      blocks into tables
grids.py       the columns of a table
markdown.py    a page as Markdown
picture.py     a page's picture with its blocks
"""
