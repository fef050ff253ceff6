#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""IDs as defaults of SQLAlchemy columns, and a range query by time.

usage: sqlalchemy_columns.py [URL]    default: an SQLite database in memory
"""

import datetime
import sys

import shmflake
from sqlalchemy import BigInteger, Column, String, create_engine, select
from sqlalchemy.orm import Session, declarative_base

Base = declarative_base()


class Order(Base):
    __tablename__ = "orders"

    # BigInteger: 63 bits. SQLite makes a key of its own only for an INTEGER one.
    id = Column(BigInteger, primary_key=True, default=shmflake.next_id)
    trace = Column(String(26), default=shmflake.ulid, nullable=False)
    item = Column(String(40), nullable=False)


def main():
    engine = create_engine(sys.argv[1] if len(sys.argv) > 1 else "sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session, shmflake.open() as flake:
        session.add_all(Order(item=item) for item in ("tea", "salt", "thread"))
        session.commit()
        now = datetime.datetime.now(datetime.timezone.utc)
        first = flake.bounds(now - datetime.timedelta(minutes=1)).lowest
        last = flake.bounds(now + datetime.timedelta(minutes=1)).highest
        query = select(Order).where(Order.id.between(first, last)).order_by(Order.id)
        for order in session.execute(query).scalars():
            print(order.id, order.trace, order.item, flake.decode(order.id).datetime)


if __name__ == "__main__":
    main()
