"""Public formats brought into data sets by column mapping.

    files -> tables (rows of cells) -> columns of a kind -> checks -> data sets

Every step but the last is a function of what it is given; all complain with file, line and column.
"""
