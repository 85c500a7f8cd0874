"""What a picture may start from, by name: for whoever offers the choice without loading what makes it."""

from typing import Literal, get_args

Start = Literal["content", "palette", "noise", "gaussian", "gray", "style"]
STARTS: tuple[Start, ...] = get_args(Start)
