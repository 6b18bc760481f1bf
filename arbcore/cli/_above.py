"""What others write to the terminal while a bar is shown there: it goes above the bar, not through it."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import IO, TYPE_CHECKING

from rich.file_proxy import FileProxy

if TYPE_CHECKING:
    from rich.console import Console


class _Above(FileProxy):
    """Prints through the bar's console, which takes the bar away and draws it again."""

    @property
    def rich_proxied_file(self) -> IO[str]:
        """Hidden: a console that a plugin opened on this stream would look for it and write past the bar."""
        raise AttributeError("rich_proxied_file")


@contextmanager
def above(console: "Console") -> Iterator[None]:
    """Send what is written to a terminal, on either stream, through a console; a file or pipe is left alone.

    Args:
        console: Console of the bar, opened on a stream of its own.
    """
    streams = ((sys.stderr, redirect_stderr), (sys.stdout, redirect_stdout))
    with ExitStack() as stack:
        for stream, redirect in streams:
            if stream.isatty():
                stack.enter_context(redirect(_Above(console, stream)))
        yield
