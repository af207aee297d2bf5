"""Who may do what in the review: names, roles, passwords and one-time links."""

from registry.records import Role, User


def find(name: str) -> User | None:
    """The user of that name, whatever its case."""
    raise NotImplementedError


def everyone() -> tuple[User, ...]:
    """All users, by name."""
    raise NotImplementedError


def add(actor: str, name: str, role: Role) -> User:
    """Make a user, without a password. Until there is an admin, anyone who can write to the store may make the first.

    Raises:
        RefusedError: ``actor`` is no admin.
        UsageError: the name is taken, or not one (letters, digits and ``._@+-``, at most 64).
    """
    raise NotImplementedError


def change_role(actor: str, name: str, role: Role) -> User:
    """Give a user another role; the last admin keeps his."""
    raise NotImplementedError


def remove(actor: str, name: str) -> None:
    """Remove a user; what he did stays in the log. The last admin stays."""
    raise NotImplementedError


def link(actor: str, name: str, minutes: int = 60) -> str:
    """A one-time token with which ``name`` sets a password; stored hashed, and void with the next one.

    The page's first start calls it for the first admin, and prints the address that holds it.
    """
    raise NotImplementedError


def redeem(token: str, password: str) -> User:
    """Set the password of the user whom ``token`` was made for; it works once.

    Raises:
        RefusedError: no such token, used, or expired.
        UsageError: the password has fewer than 12 characters.
    """
    raise NotImplementedError


def authenticate(name: str, password: str) -> User | None:
    """The user, or None where name and password do not belong together; both take as long."""
    raise NotImplementedError
