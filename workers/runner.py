"""`python -m workers.runner`: keeps deployed integrations alive on this machine.

Its state is in `RunnerSettings.folder`; after any kind of end the next start brings everything up again.
"""

import sys

import uvicorn
from pydantic import ValidationError

from adapters import telemetry
from adapters.attestation.envelopes import DsseVerifier
from adapters.attestation.settings import VerifyingSettings
from adapters.packages import Packages, PackageSettings
from adapters.policy import explained
from adapters.process_target import Control, Runner, RunnerSettings
from domain.errors import CcbError

GRACE_SECONDS = 3


def main() -> int:
    telemetry.configure("runner")
    try:
        settings = RunnerSettings()
        verifier = DsseVerifier(VerifyingSettings().public_keys)
        packages = Packages(settings.packages, PackageSettings())
        runner = Runner(settings.folder, settings.base_url, verifier, settings.permitted, packages)
    except ValidationError as error:
        sys.stderr.write(f"{explained(error)}\n")
        return 2
    except CcbError as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    server = uvicorn.Server(
        uvicorn.Config(
            Control(runner, settings.key).application(),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            # Both are the integration's to say, through the gateway.
            server_header=False,
            date_header=False,
            # Longer than a balancer's, usually 60 s: who keeps a connection should be the one who closes it.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
