"""The base of the origin's mapped classes."""

from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    # The stored values of defaults come back with the INSERT.
    __mapper_args__ = {"eager_defaults": True}
