"""The lines of docs/clients/compared.md with SQLAlchemy, on the demo's database, which DATABASE names."""

import asyncio
import datetime
import os
from dataclasses import dataclass

from sqlalchemy import DateTime, Text, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import UserDefinedType


@dataclass
class Address:
    street: str | None
    city: str | None
    postcode: str | None
    country: str | None


class AddressType(UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **_):
        return "shop.address"

    def result_processor(self, dialect, coltype):
        return lambda value: value and Address(*value)


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"
    __table_args__ = {"schema": "shop"}

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    full_name: Mapped[str] = mapped_column(Text)
    address: Mapped[Address | None] = mapped_column(AddressType)
    preferences: Mapped[dict] = mapped_column(JSONB, default=dict)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    newsletter: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime.datetime] = mapped_column(
        DateTime(timezone=True), default=lambda: datetime.datetime.now(datetime.UTC))
    deleted_at: Mapped[datetime.datetime | None] = mapped_column(DateTime(timezone=True))


async def main():
    engine = create_async_engine(os.environ["DATABASE"].replace("postgresql:", "postgresql+asyncpg:"))
    async_session = async_sessionmaker(engine, expire_on_commit=False)
    async with async_session.begin() as session:
        row = Customer(email="ada-sqlalchemy@example.org", full_name="Ada Example")
        session.add(row)
    async with async_session() as session:
        found = await session.get(Customer, 7)
        print(f"get: {found.email} of {found.address.city}")

        first = (await session.scalars(select(Customer).where(
            Customer.newsletter, Customer.preferences["color"].astext == "red", Customer.tags.contains(["vip"]),
            Customer.deleted_at.is_(None)
        ).order_by(Customer.created_at).limit(1))).first()
        print(f"first: {first.email}")

        done = await session.execute(update(Customer).where(
            Customer.id == row.id, Customer.email.like("ada-%")).values(newsletter=True))
        await session.commit()
        print(f"update where: {done.rowcount} row")
    await engine.dispose()


asyncio.run(main())
