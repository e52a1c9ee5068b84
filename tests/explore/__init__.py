"""The explorer: the real use cases on the fakes, over every order of what we and others do.

`account` is the world in which it happens, `facts` what it notes of it, `actions` what can happen
and where, `explorer` goes through all orders, `invariants` judges each end, `scenarios` are the
beginnings.
"""
