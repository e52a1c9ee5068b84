"""In-memory fakes of every port (`toolgrant.usecases.ports`), and small worlds to use them in.

The fakes keep what the real adapters keep: answers for one batch, items in their stored form,
messages as text.
"""

from tests.fakes.calls import Calls, Crash, Fault
from tests.fakes.channels import FakeJournal, FakeNotifier, FakeQueue, Waiting
from tests.fakes.cloud import (
    ASSISTANT,
    INSTANCE,
    NOON,
    Cloud,
    FakeAgents,
    FakeClock,
    FakeProfiles,
    uuid_of,
)
from tests.fakes.fix_world import FixWorld
from tests.fakes.flows import (
    AI_AGENT_ARN,
    AI_AGENT_ID,
    FakeFlows,
    FakeFlowTable,
    content_naming,
)
from tests.fakes.readings import EVERY_READING, USUAL, Readings
from tests.fakes.schemas import ALERT_SCHEMA, AUDIT_SCHEMA, schema, valid_alert, valid_audit
from tests.fakes.table import FakeStore
from tests.fakes.tools import (
    CREATE_CASE,
    DASHBOARD,
    DESCRIBE_CONTACT,
    ESCALATE,
    GET_ORDER,
    MODULE,
    MYSTERY,
    RETRIEVE,
    UPDATE_CASE,
    mcp,
)
from tests.fakes.world import SETTLE, VISIBILITY, World, make_deps, refused
from tests.fakes.writer import (
    DEDUPLICATION,
    OPT_IN,
    FakeFixQueue,
    FakeLedger,
    FakeStop,
    FakeWriter,
    Holder,
)

__all__ = [
    "AI_AGENT_ARN",
    "AI_AGENT_ID",
    "ALERT_SCHEMA",
    "ASSISTANT",
    "AUDIT_SCHEMA",
    "CREATE_CASE",
    "DASHBOARD",
    "DEDUPLICATION",
    "DESCRIBE_CONTACT",
    "ESCALATE",
    "EVERY_READING",
    "GET_ORDER",
    "INSTANCE",
    "MODULE",
    "MYSTERY",
    "NOON",
    "OPT_IN",
    "RETRIEVE",
    "SETTLE",
    "UPDATE_CASE",
    "USUAL",
    "VISIBILITY",
    "Calls",
    "Cloud",
    "Crash",
    "FakeAgents",
    "FakeClock",
    "FakeFixQueue",
    "FakeFlowTable",
    "FakeFlows",
    "FakeJournal",
    "FakeLedger",
    "FakeNotifier",
    "FakeProfiles",
    "FakeQueue",
    "FakeStop",
    "FakeStore",
    "FakeWriter",
    "Fault",
    "FixWorld",
    "Holder",
    "Readings",
    "Waiting",
    "World",
    "content_naming",
    "make_deps",
    "mcp",
    "refused",
    "schema",
    "uuid_of",
    "valid_alert",
    "valid_audit",
]
