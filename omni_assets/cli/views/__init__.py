"""How results look: ``…_lines`` for people, ``…_document`` for programs. Commands import a view when they run.

Fields of documents are only ever added: scripts and CI build on them.
"""
