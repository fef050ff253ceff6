# SPDX-License-Identifier: Apache-2.0
"""Tasks of a celery worker whose processes (prefork) share one region.

    celery --app celery_tasks worker --pool prefork --concurrency 4

CELERY_PLACE is a directory for messages and results: no server is needed.
"""

import os

import shmflake
from celery import Celery

place = os.path.abspath(os.environ.get("CELERY_PLACE", "celery"))
for folder in ("messages", "results"):
    os.makedirs(os.path.join(place, folder), exist_ok=True)

app = Celery("orders", broker="filesystem://", backend="file://" + os.path.join(place, "results"))
app.conf.broker_transport_options = {
    "data_folder_in": os.path.join(place, "messages"),
    "data_folder_out": os.path.join(place, "messages"),
}

flake = shmflake.open("tasks")  # before the fork: the processes of the pool go on with it


@app.task
def draw(count):
    """As text: a result travels as JSON."""
    return os.getpid(), [str(id) for id in flake.next_n(count)]
