"""toolgrant on one machine: the real template on a local AWS, Connect and Q in Connect emulated.

    LocalStack        stack.py       everything below, started and stopped together
      Ministack       ministack.py   AWS but Connect, as a child process
      Sam             sam.py         the real `sam build` and `sam deploy`, as child processes
      Relay           relay.py       CloudTrail records -> targets of the deployed rules that match
      Clients         clients.py     boto3 clients that can only talk to this machine
      StackRoles      roles.py       whose key signed a call, and the policies of the deployed roles
    run_up            up.py          the command `toolgrant local up`

Nothing here is deployed, and nothing deployed knows of it.
"""

from toolgrant_local.errors import LocalError, StopRequestedError
from toolgrant_local.stack import LocalStack
from toolgrant_local.up import run_up

__all__ = ["LocalError", "LocalStack", "StopRequestedError", "run_up"]
