"""A real HTTP server of this process on a free port, for tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from codeintel.server.http import App, DrainingServer, HttpOptions, listen


@contextmanager
def serve(codeintel: object, options: HttpOptions | None = None) -> Iterator[str]:
    """Serve in a thread of its own, and give the base URL."""
    options = options or HttpOptions(port=0)
    server_socket = listen(options)
    server = DrainingServer(App(codeintel, options), options)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, args=([server_socket],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server_socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        server_socket.close()
