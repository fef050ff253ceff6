#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""IDs as defaults of Django fields, in one file; the models are what to copy.

A default that is written so is serialised in a migration as `shmflake.next_id`.
"""

import django
import shmflake
from django.conf import settings
from django.db import connection, models

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    USE_TZ=True)
django.setup()


class Order(models.Model):
    id = models.BigIntegerField(primary_key=True, default=shmflake.next_id, editable=False)
    public_id = models.UUIDField(unique=True, default=shmflake.uuid7, editable=False)
    item = models.CharField(max_length=40)

    class Meta:
        app_label = "shop"


def main():
    with connection.schema_editor() as editor:
        editor.create_model(Order)
    Order.objects.create(item="tea")
    Order.objects.bulk_create(Order(item=item) for item in ("salt", "thread"))
    for order in Order.objects.order_by("id"):
        print(order.id, order.public_id, order.item)


if __name__ == "__main__":
    main()
