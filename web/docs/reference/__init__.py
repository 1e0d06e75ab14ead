"""The pages of docs/reference and the files of docs/schemas, made from the code.

`make reference` writes them; tests/documentation holds what is there against what would be written.
"""
