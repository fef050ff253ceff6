# SPDX-License-Identifier: Apache-2.0
"""A web service whose workers share one region: orders get IDs, requests get UUIDs.

    gunicorn --preload --workers 4 flask_app:app
"""

import shmflake
from flask import Flask, abort, g, jsonify

app = Flask(__name__)
flake = shmflake.open("orders")  # before the fork: the workers go on with it


@app.before_request
def name_request():
    g.request_id = shmflake.uuid7()


@app.after_request
def tell_request_id(response):
    response.headers["X-Request-ID"] = str(g.request_id)
    return response


@app.post("/orders")
def create_order():
    id = flake.next()
    # As text, too: JavaScript cannot hold an integer above 2**53.
    return jsonify(id=str(id), short=shmflake.format(id, "base62")), 201


@app.get("/orders/<short>")
def show_order(short):
    try:
        id = shmflake.parse(short, "base62")
        when = flake.decode(id).datetime
    except shmflake.ArgumentError as error:
        abort(404, str(error))
    return jsonify(id=str(id), created=when.isoformat())


@app.get("/health")
def health():
    status = flake.status()
    return jsonify(worker_id=status.worker_id, ceiling_in_ms=status.ceiling_in_ms,
                   lost=status.lost), 503 if status.lost else 200
