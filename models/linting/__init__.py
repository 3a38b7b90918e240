"""The linter: everything that is wrong with a ladder, a published sheet or a contract.

One rule is one function that answers with all of its findings; each names its rule
(`models.defects`). Nothing is changed and nothing is guessed: a value that falls into a gap stays
withheld, whatever is found here.
"""
