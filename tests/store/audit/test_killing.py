"""A process that is killed while it writes leaves of each write all, with its row, or nothing."""

import os
import subprocess
import sys
import time

from sqlalchemy import func, select

from app.store.accounts.people import create_account
from app.store.audit.verifying import verify
from app.store.engine import open_session
from app.store.tables import AccountTable
from tests.store.audit_log import rows

WRITER = """
import sys
from app.settings import get_settings
from app.store.accounts.people import create_account
from app.store.engine import open_engine, open_session

engine = open_engine(get_settings())
for number in range(100_000):
    with open_session(engine, commit=True) as session:
        create_account(session, name=f"{sys.argv[1]}-{number}")
    print(number, flush=True)
"""


def test_what_was_acknowledged_before_a_kill_is_there_and_the_chain_goes_on(engine, settings):
    url = str(settings.database_url.get_secret_value()) if settings.database_url else ""
    environment = os.environ | {
        "PATCHCLAMP_DATA": str(settings.data),
        "PATCHCLAMP_LOG_LEVEL": "error",
    }
    if url:
        environment |= {"PATCHCLAMP_DATABASE_URL": url}
    acknowledged = 0
    for name in ("a", "b"):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, name], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(20):
            assert writer.stdout.readline()
        time.sleep(0.05)
        writer.kill()
        acknowledged += 20 + len(writer.stdout.readlines())
        writer.wait()
    with open_session(engine) as session:
        n_accounts = session.scalar(select(func.count()).select_from(AccountTable))
    assert acknowledged <= n_accounts <= acknowledged + 2
    assert len(rows(engine)) == n_accounts
    with open_session(engine, commit=True) as session:
        create_account(session, name="after")
    found = verify(engine)
    assert (found.fault, found.n_rows) == (None, n_accounts + 1)
