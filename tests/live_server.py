"""A real HTTP server of this process on a free port, for tests."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from codeintel.server.http import HttpOptions, build_app, listen


@contextmanager
def serve(codeintel: object, options: HttpOptions | None = None) -> Iterator[str]:
    """Serve in a thread of its own, and give the base URL."""
    options = options or HttpOptions(port=0)
    server_socket: socket.socket = listen(options)
    config = uvicorn.Config(
        build_app(codeintel, options),  # type: ignore[arg-type]
        lifespan="on",
        log_config=None,
        access_log=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [server_socket]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server_socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        server_socket.close()
