"""What was computed once and is still true: two tiers, and versions that say so.

Invariant: nobody reads a value older than the last change that was answered.
A service bumps the version of what it changed; on commit every copy is void.
"""
