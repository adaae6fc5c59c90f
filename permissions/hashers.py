"""Password hashing, tuned to take 75 to 150 ms on one core of a server."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class TunedArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id, one lane: requests run in parallel already. Source: RFC 9106 section 4."""

    time_cost = 2
    memory_cost = 64 * 1024
    parallelism = 1


class CheapArgon2PasswordHasher(Argon2PasswordHasher):
    """For tests only, where thousands of users log in."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
