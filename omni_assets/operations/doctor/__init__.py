"""Whether all is well here: questions, each with an answer, what was seen, and what to do about it."""
