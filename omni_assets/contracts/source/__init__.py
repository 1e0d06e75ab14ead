"""Topics in source code: the strings of a file, as far as they can be known, and what contracts say of them.

Pure: text goes in. Finding and reading the files is done by ``operations``.
"""
