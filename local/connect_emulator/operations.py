"""The table of all operations that are served, and who carries each of them out."""

from __future__ import annotations

from connect_emulator import (
    agent_versions,
    agents,
    applications,
    assistant_agents,
    assistants,
    associations,
    contact_flows,
    flow_modules,
    instances,
    module_versions,
    profiles,
    prompts,
    search,
    tags,
    users,
)
from connect_emulator.account import Handlers
from connect_emulator.lookup import lookup_events
from connect_emulator.records import Journal

CONNECT: Handlers = {
    **instances.HANDLERS,
    **profiles.HANDLERS,
    **associations.HANDLERS,
    **users.HANDLERS,
    **search.HANDLERS,
    **contact_flows.HANDLERS,
    **flow_modules.HANDLERS,
    **module_versions.HANDLERS,
    **tags.CONNECT_HANDLERS,
}
QCONNECT: Handlers = {
    **assistants.HANDLERS,
    **assistant_agents.HANDLERS,
    **agents.HANDLERS,
    **agent_versions.HANDLERS,
    **prompts.HANDLERS,
    **tags.QCONNECT_HANDLERS,
}


def handlers(journal: Journal) -> dict[str, Handlers]:
    """The handlers of each service; CloudTrail's reads the journal of the others."""
    return {
        "connect": CONNECT,
        "qconnect": QCONNECT,
        "appintegrations": applications.HANDLERS,
        "cloudtrail": {"LookupEvents": lookup_events(journal)},
    }
