# SPDX-License-Identifier: Apache-2.0
"""Column defaults: Django with a real migration, SQLAlchemy."""

import os
import subprocess
import sys
import uuid

import pytest
import shmflake
from support import assert_no_repeats

SETTINGS = """
SECRET_KEY = "for a test"
USE_TZ = True
INSTALLED_APPS = ["shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "%s"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""

MODELS = """
import shmflake
from django.db import models

class Order(models.Model):
    id = models.BigIntegerField(primary_key=True, default=shmflake.next_id, editable=False)
    public_id = models.UUIDField(unique=True, default=shmflake.uuid7)
    item = models.CharField(max_length=40)
"""

LATER_FIELD = '    trace = models.CharField(max_length=26, default=shmflake.ulid)\n'

INSERTS = """
import django
django.setup()
from shop.models import Order
Order.objects.create(item="tea")
Order.objects.bulk_create(Order(item=str(i)) for i in range(500))
for order in Order.objects.order_by("id"):
    print(order.id, order.public_id, getattr(order, "trace", "-"))
"""


@pytest.fixture
def django_project(tmp_path):
    pytest.importorskip("django")
    shop = tmp_path / "shop"
    (shop / "migrations").mkdir(parents=True)
    for package in (shop, shop / "migrations"):
        (package / "__init__.py").write_text("")
    (tmp_path / "project_settings.py").write_text(SETTINGS % (tmp_path / "db.sqlite3"))
    (shop / "models.py").write_text(MODELS)

    def run(*command):
        environment = dict(os.environ, DJANGO_SETTINGS_MODULE="project_settings")
        environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), environment["PYTHONPATH"]])
        done = subprocess.run([sys.executable, *command], cwd=tmp_path, env=environment,
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return tmp_path, run


def test_django_migrates_with_our_defaults_and_inserts(django_project):
    place, run = django_project
    run("-m", "django", "makemigrations", "shop")
    migration = (place / "shop" / "migrations" / "0001_initial.py").read_text()
    assert "import shmflake" in migration
    assert "default=shmflake.next_id" in migration and "default=shmflake.uuid7" in migration
    run("-m", "django", "migrate")
    assert "No changes" in run("-m", "django", "makemigrations", "shop", "--check")
    rows = [line.split() for line in run("-c", INSERTS).splitlines()]
    ids = [int(id) for id, _, _ in rows]
    assert len(ids) == 501 and ids == sorted(set(ids)) and ids[0] > 2**50
    assert [uuid.UUID(public).version for _, public, _ in rows] == [7] * 501
    assert_no_repeats([public for _, public, _ in rows])

    # A column that is added later gets a default for the rows that are there.
    with open(place / "shop" / "models.py", "a", encoding="utf-8") as models:
        models.write(LATER_FIELD)
    run("-m", "django", "makemigrations", "shop", "--name", "trace")
    migration = (place / "shop" / "migrations" / "0002_trace.py").read_text()
    assert "default=shmflake.ulid" in migration
    run("-m", "django", "migrate")
    rows = [line.split() for line in run("-c", INSERTS).splitlines()]
    assert len(rows) == 1002 and all(len(trace) == 26 for _, _, trace in rows)


def test_sqlalchemy_columns_take_our_defaults():
    sqlalchemy = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine("sqlite://")
    orders = sqlalchemy.Table(
        "orders", sqlalchemy.MetaData(),
        sqlalchemy.Column("id", sqlalchemy.BigInteger, primary_key=True,
                          default=shmflake.next_id),
        sqlalchemy.Column("trace", sqlalchemy.String(26), default=shmflake.ulid),
        sqlalchemy.Column("item", sqlalchemy.String(40)))
    with engine.begin() as connection:
        orders.create(connection)
        connection.execute(orders.insert(), [{"item": str(i)} for i in range(500)])
        connection.execute(orders.insert().values(item="tea"))
        rows = connection.execute(sqlalchemy.select(orders).order_by(orders.c.id)).all()
    assert [row.item for row in rows] == [str(i) for i in range(500)] + ["tea"]
    assert_no_repeats([row.id for row in rows])
    assert [row.trace for row in rows] == sorted({row.trace for row in rows})
