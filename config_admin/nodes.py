"""The agent, put together with what reads its user data."""

import os
from os import PathLike
from pathlib import Path

from config_admin.formats import cfg
from config_admin.messaging import agent
from config_admin.messaging.node import Dm
from config_admin.service import ConfigAdmin

__all__ = ["Agent", "Dm"]


class Agent(agent.Agent):
    """
    An agent that follows ``net.roboconf.agent.configuration``.

    Use it as a context manager, or call `start` and `close`.

    Args:
        admin: Tells of the configurations, and takes what user data says.
        user_data_directory: Where the files in user data are put, for nobody else to
            read.
    """

    def __init__(
        self,
        admin: ConfigAdmin,
        *,
        user_data_directory: str | PathLike[str] = "var/user-data",
    ) -> None:
        directory = Path(user_data_directory)
        terms = agent.UserDataTerms(cfg.loads, os.environ, directory)
        super().__init__(admin, terms)
