# SPDX-License-Identifier: Apache-2.0
"""Servers that fork after loading: gunicorn --preload, celery prefork."""

import concurrent.futures
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
from support import EXAMPLES, assert_no_repeats


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def run_server():
    """Starts servers in sessions of their own, and ends each with all of its processes."""
    started = []

    def start(*command, **options):
        server = subprocess.Popen([sys.executable, "-m", *command], cwd=EXAMPLES,
                                  start_new_session=True, stdin=subprocess.DEVNULL, **options)
        started.append(server)
        return server

    yield start
    for server in started:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def request(port, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def test_gunicorn_workers_of_a_preloaded_app_never_repeat(run_server, tmp_path):
    pytest.importorskip("gunicorn")
    pytest.importorskip("flask")
    port = free_port()
    with open(tmp_path / "log", "w+b") as log:
        server = run_server("gunicorn", "--preload", "--workers", "4", "--bind",
                            "127.0.0.1:%d" % port, "--worker-tmp-dir", str(tmp_path),
                            "--access-logfile", "-", "--access-logformat", "worker %(p)s",
                            "flask_app:app", stdout=log, stderr=log)
        for _ in range(400):
            try:
                request(port, "GET", "/health")
                break
            except OSError:
                assert server.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.05)

        def order(_):
            response, body = request(port, "POST", "/orders")
            assert response.status == 201
            return json.loads(body), response.headers["X-Request-ID"]

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(order, range(400)))
        assert_no_repeats([answer["id"] for answer, _ in answers])
        assert_no_repeats([uuid for _, uuid in answers])
        short = answers[0][0]["short"]
        shown = json.loads(request(port, "GET", "/orders/" + short)[1])
        assert shown["id"] == answers[0][0]["id"] and shown["created"].endswith("+00:00")
        assert request(port, "GET", "/orders/not-one")[0].status == 404
    workers = {line for line in (tmp_path / "log").read_text().splitlines() if "worker <" in line}
    assert len(workers) > 1


def test_celery_prefork_processes_never_repeat(run_server, tmp_path, monkeypatch):
    pytest.importorskip("celery")
    monkeypatch.setenv("CELERY_PLACE", str(tmp_path))
    monkeypatch.syspath_prepend(EXAMPLES)
    celery_tasks = pytest.importorskip("celery_tasks")
    with open(tmp_path / "log", "w+b") as log:
        server = run_server("celery", "--app", "celery_tasks", "worker", "--pool", "prefork",
                            "--concurrency", "4", "--without-gossip", "--without-mingle",
                            "--without-heartbeat", stdout=log, stderr=log,
                            env=dict(os.environ, C_FORCE_ROOT="1"))
        pending = [celery_tasks.draw.delay(200) for _ in range(40)]
        try:
            answers = [one.get(timeout=60, interval=0.02) for one in pending]
        finally:
            print((tmp_path / "log").read_text())
        assert server.poll() is None
    assert len({pid for pid, _ in answers}) > 1
    ids = [id for _, drawn in answers for id in drawn] + [str(celery_tasks.flake.next())]
    assert len(ids) == 40 * 200 + 1
    assert_no_repeats(ids)


def test_a_gunicorn_worker_that_is_killed_is_replaced_by_one_that_draws(run_server, tmp_path):
    pytest.importorskip("gunicorn")
    pytest.importorskip("flask")
    if shutil.which("pgrep") is None:
        pytest.skip("no pgrep")
    port = free_port()
    with open(tmp_path / "log", "w+b") as log:
        server = run_server("gunicorn", "--preload", "--workers", "1", "--bind",
                            "127.0.0.1:%d" % port, "--worker-tmp-dir", str(tmp_path),
                            "flask_app:app", stdout=log, stderr=log)
        ids = []
        for _ in range(3):
            for _ in range(400):
                try:
                    ids.append(json.loads(request(port, "POST", "/orders")[1])["id"])
                    break
                except OSError:
                    assert server.poll() is None, (tmp_path / "log").read_text()
                    time.sleep(0.05)
            worker = subprocess.run(["pgrep", "-P", str(server.pid)], capture_output=True,
                                    text=True).stdout.split()[0]
            os.kill(int(worker), signal.SIGKILL)
        assert len(ids) == 3 and [int(id) for id in ids] == sorted({int(id) for id in ids})
