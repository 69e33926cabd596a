"""Every limit and time-out of the exchange, in one place. Units stand in the names."""

from __future__ import annotations

from typing import Final

# -- what a client may send --------------------------------------------------------------------------------------

REQUEST_BODY_BYTES: Final = 10 * 1024 * 1024
"""Largest request body (X-Road: 10 MiB), declared or chunked."""
DRAINED_BODY_BYTES: Final = 32 * 1024 * 1024
"""So much of a refused body is read and thrown away, so that the client reads the refusal and not a broken connection."""
HEAD_BYTES: Final = 32 * 1024
"""Largest sum of header names and values."""
HEADERS: Final = 100
"""Most header lines."""
TARGET_BYTES: Final = 8 * 1024
"""Longest path with query."""
IDENTIFIER_CHARACTERS: Final = 255
"""Longest message id, case number, user id, purpose."""
BODY_READ_SECONDS: Final = 30.0
"""A request body must have arrived within this time."""

# -- authentication of a client ----------------------------------------------------------------------------------

SIGNATURE_AGE_SECONDS: Final = 300
"""A signature whose ``created`` is older is refused."""
SIGNATURE_AHEAD_SECONDS: Final = 30
"""How far a client's clock may run ahead."""
NONCE_CHARACTERS: Final = (8, 128)
"""Shortest and longest nonce."""
NONCES: Final = 1_000_000
"""So many nonces are remembered in memory; the database remembers every nonce of a forwarded call."""

# -- the provider ------------------------------------------------------------------------------------------------

PROVIDER_CONNECT_SECONDS: Final = 3.0
PROVIDER_CONNECTIONS: Final = 128
"""Most connections to one provider; a further call waits within its own time-out."""
PROVIDER_IDLE_SECONDS: Final = 20.0
"""An idle connection is not used again after this time: the provider may be about to close it."""
ANSWER_HEAD_BYTES: Final = 64 * 1024
ANSWER_BODY_BYTES: Final = 10 * 1024 * 1024
"""Largest answer of a provider."""

# -- signer ------------------------------------------------------------------------------------------------------

SIGNER_SECONDS: Final = 3.0
"""A signature must come within this time."""
SIGNER_BATCH: Final = 64
"""Most digests in one request to the signer."""

# -- message log -------------------------------------------------------------------------------------------------

LOG_WAIT_SECONDS: Final = 5.0
"""A call waits so long for its durable record; then it is refused with ``logging_failed``."""
LOG_BATCH_ENTRIES: Final = 256
"""Most entries in one commit."""
LOG_BATCH_BYTES: Final = 16 * 1024 * 1024
LOG_WRITERS: Final = 2
"""Connections that commit side by side; while one waits for the disk the other fills."""
LOG_QUEUE_ENTRIES: Final = 5_000
LOG_QUEUE_BYTES: Final = 256 * 1024 * 1024
"""With more waiting, new calls are refused at once."""
LOG_STATEMENT_SECONDS: Final = 4.0
"""One statement to the database; a longer one is given up and the connection is made anew."""
LOG_IDLE_CHECK_SECONDS: Final = 2.0
"""An idle connection to the database is tried so often."""
LOG_RECONNECT_SECONDS: Final = (0.1, 1.0)
"""First and longest pause between attempts to reach the database."""

# -- the gateway as a whole --------------------------------------------------------------------------------------

CALLS_IN_FLIGHT: Final = 1_000
BODY_BYTES_IN_FLIGHT: Final = 512 * 1024 * 1024
CONFIGURATION_POLL_SECONDS: Final = 2.0
CONFIGURATION_BYTES: Final = 64 * 1024 * 1024
CONFIGURATION_SECONDS: Final = 10.0
"""One fetch of the configuration."""
SHUTDOWN_SECONDS: Final = 10.0
"""How long the gateway waits for calls under way when it is stopped."""

# -- the client of the platform itself ---------------------------------------------------------------------------

CALL_CONNECT_SECONDS: Final = 2.0
CALL_CONNECTIONS: Final = 64
READINGS: Final = 100
"""Most entries of the access ledger in one answer."""
