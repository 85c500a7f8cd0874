"""`impasto studio`: the web page for stylizing pictures."""

import contextlib
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from impasto.cli.signals import exit_on_interrupt
from impasto.cli.terminal import print_result
from impasto.errors import InputError, install_command
from impasto.settings import Settings
from impasto.storage.home import home


def studio(
    *,
    data: Annotated[
        str | None,
        Parameter(
            help="Folder for the studio's pictures and database. Unset: `studio` in Impasto's own folder.",
            metavar="DIR",
        ),
    ] = None,
    host: Annotated[
        str,
        Parameter(
            help="Address to listen on; one that other machines can reach requires the access token that is printed.",
            show_default=True,
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        Parameter(
            help="Port to listen on; 0 uses any free one.", show_default=True, validator=Number(gte=0, lte=65535)
        ),
    ] = 7860,
    token: Annotated[
        str | None,
        Parameter(help="Access token; unset, one is generated where it is required.", env_var="IMPASTO_STUDIO_TOKEN"),
    ] = None,
    allow_host: Annotated[
        tuple[str, ...], Parameter(help="Additional host name of the studio; may be repeated.", negative="")
    ] = (),
    quota: Annotated[
        float,
        Parameter(help="Disk space for pictures, in gigabytes.", show_default=True, validator=Number(gt=0, lte=1e6)),
    ] = 10.0,
    memory: Annotated[
        str,
        Parameter(
            help="Memory that a picture may take, such as 4GB; one that needs more is painted in tiles. auto: most of "
            "what is free.",
            show_default=True,
        ),
    ] = "auto",
    device: Annotated[
        tuple[str, ...],
        Parameter(
            help="Device to compute on: auto, cpu, cuda, cuda:N or mps; repeat it for one worker on each. Unset: auto.",
            negative="",
        ),
    ] = (),
    browser: Annotated[bool, Parameter(help="Open the page in a browser.", show_default=True)] = True,
) -> None:
    """Start the studio, a web page for painting pictures, and run it until Ctrl-C."""
    try:
        with exit_on_interrupt():
            from impasto.studio.limits import Limits  # noqa: PLC0415 - an extra
            from impasto.studio.server import serve  # noqa: PLC0415
    except ImportError as error:
        problem = f"the studio needs packages that are not installed ({error.name})"
        raise InputError(problem, f"Run: {install_command('studio')}.") from None
    config = serve.ServerConfig(
        data=Path(data).expanduser() if data else home() / "studio",
        host=host,
        port=port,
        token=token,
        hosts=allow_host,
        limits=Limits(folder_bytes=int(quota * 1e9), memory=Settings(memory=memory).memory),
        devices=tuple(Settings(device=name).device for name in device or ("auto",)),  # Settings checks the names
    )
    with contextlib.suppress(KeyboardInterrupt):  # its proper end
        serve.serve(config, browser=browser, announce=print_result)
