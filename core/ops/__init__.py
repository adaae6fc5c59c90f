"""How the system is watched: health, request log lines, metrics, start-up checks.

Owns no tables. Its invariant: looking at the system never changes it.
"""
