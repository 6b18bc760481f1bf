"""Running a session from the command line: event loop, signals, and whose code failed."""

from traceback import walk_tb
from typing import TYPE_CHECKING, Any, TypeVar

from arbcore.errors import ArbcoreError, PluginBroken

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from arbcore.plugins import LoadedPlugin, Plugins
    from arbcore.runtime.session import Ending

Result = TypeVar("Result")


def run_with_signals(main: "Callable[[], Coroutine[Any, Any, Result]]", ending: "Ending", plugins: "Plugins") -> Result:
    """Run a session until it ends or a signal asks it to.

    Args:
        main: The session.
        ending: Asks it to end.
        plugins: Whose code runs in it.

    Raises:
        PluginBroken: A plugin raised where nothing else could catch it.
    """
    import anyio

    from arbcore.opening import first_error
    from arbcore.runtime.signals import stop_on_signals

    def left() -> str:
        return ending.left()

    async def run() -> Result:
        with stop_on_signals(lambda name: ending.ask(f"{name} was received"), left):
            return await main()

    try:
        return anyio.run(run, backend_options={"use_uvloop": _has_uvloop()})
    except BaseException as error:
        cause = first_error(error)
        if isinstance(cause, ArbcoreError | KeyboardInterrupt):
            raise cause from None
        if culprit := culprit_of(cause, plugins):
            raise PluginBroken(f"{culprit} failed in the session: {cause!r}", "report this to its author") from cause
        raise


def culprit_of(error: BaseException, plugins: "Plugins") -> "LoadedPlugin | None":
    """Return the plugin in whose code an error was raised, None where it was nobody's."""
    by_module = {type(item.plugin).__module__.partition(".")[0]: item for item in plugins}
    passed = [frame.f_globals.get("__name__", "").partition(".")[0] for frame, _ in walk_tb(error.__traceback__)]
    return next((by_module[name] for name in reversed(passed) if name in by_module), None)


def _has_uvloop() -> bool:
    from importlib.util import find_spec

    return find_spec("uvloop") is not None
