"""The command `studio`: what it accepts, and how it says that the extra is missing."""

from pathlib import Path

from impasto.cli.terminal import tell
from impasto.errors import InputError
from impasto.settings import Settings
from impasto.storage import home as paths


def studio(
    *,
    data: str | None,
    host: str,
    port: int,
    token: str | None,
    allow_host: tuple[str, ...],
    quota: float,
    device: tuple[str, ...],
    browser: bool,
) -> None:
    """Run the studio until Ctrl-C.

    Raises:
        InputError: the extra is not installed, or the place cannot be used.
    """
    try:
        from impasto.studio.server import serve  # noqa: PLC0415 - an extra
    except ImportError as error:
        problem = f"the studio needs packages that are not installed ({error.name})"
        raise InputError(problem, 'Run: pip install "impasto[studio]".') from None
    devices = tuple(Settings(device=name).device for name in device or ("auto",))  # checks how they are written
    config = serve.ServerConfig(
        data=Path(data).expanduser() if data else paths.home() / "studio",
        host=host,
        port=port,
        token=token,
        hosts=allow_host,
        quota_gigabytes=quota,
        devices=devices,
    )
    serve.serve(config, browser=browser, announce=tell)
