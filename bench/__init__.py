"""The benchmarks: what the product does, as a share of what PostgreSQL could do.

Needs a stack of its own (`make bench`). Nothing here is imported by the product.
"""
