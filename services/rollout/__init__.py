"""Versions that come and go without a lost request: the server follows the registry's channel.

A deployment is a folder. `deployment` reads and writes it, `channel` reads signed records, `fetching` makes a verified
copy of what one names, `admission` says whether it may be loaded beside the others, `follower` swaps. `trial` tries a
canary, or a shadow, by asking it and the current version the same (`duel`), and judges it (`measures`, `likeness`).
"""
