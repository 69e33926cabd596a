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

SERVICE_SECONDS: Final = 60.0
"""Longest time-out that a service may have (``registry``)."""
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

# -- message log -------------------------------------------------------------------------------------------------

LOG_WAIT_SECONDS: Final = 5.0
"""A call waits so long for its durable record; then it is refused with ``logging_failed``."""
LOG_BATCH_ENTRIES: Final = 256
"""Most entries in one commit."""
LOG_BATCH_BYTES: Final = 16 * 1024 * 1024
LOG_WRITERS: Final = 4
"""Connections that seal and commit side by side; while some wait for the signer or the disk another fills."""
LOG_GATHER_SECONDS: Final = 0.005
"""Under load a batch begins so long after the one before; without, at once."""
LOG_QUEUE_ENTRIES: Final = 5_000
LOG_QUEUE_BYTES: Final = 256 * 1024 * 1024
"""With more waiting, new calls are refused at once."""
LOG_STATEMENT_SECONDS: Final = 4.0
"""One statement to the database; a longer one is given up and the connection is made anew."""
LOG_IDLE_CHECK_SECONDS: Final = 2.0
"""An idle connection to the database is tried so often."""
LOG_RECONNECT_SECONDS: Final = (0.1, 1.0)
"""First and longest pause between attempts to reach the database."""

# -- questions to the database beside the log ----------------------------------------------------------------------

DATABASE_CONNECTIONS: Final = 4
DATABASE_SECONDS: Final = 2.0
"""One question."""

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

# -- the native dialect: tokens, idempotency, metadata ------------------------------------------------------------

ASSERTION_SECONDS: Final = 300
"""Longest life of a client assertion."""
ASSERTION_BYTES: Final = 8 * 1024
TOKEN_SECONDS: Final = 300
"""Life of an access token."""
TOKEN_BYTES: Final = 4 * 1024
FORM_BYTES: Final = 16 * 1024
"""Longest form of a token request."""
IDEMPOTENCY_KEY_CHARACTERS: Final = (8, 128)
"""Shortest and longest idempotency key."""
IDEMPOTENCY_SECONDS: Final = 24 * 3600
"""So long an answer is given again under its idempotency key."""
IDEMPOTENCY_HELD_SECONDS: Final = 30.0
"""So much longer than the service's own time-out a call may take from the record of its request to that of its answer: connecting, another gateway, the log, clocks that differ."""
DESCRIPTION_BYTES: Final = 2 * 1024 * 1024
"""Largest OpenAPI description of a provider."""
DESCRIPTION_DEPTH: Final = 100
"""Deepest nesting in it."""
EVIDENCE_SECONDS: Final = 20.0
EVIDENCE_BYTES: Final = 64 * 1024 * 1024
"""Both containers of one call."""
ANSWER_PIECE_BYTES: Final = 64 * 1024
"""An answer leaves the gateway in pieces of this size."""
ANSWER_PIECE_SECONDS: Final = 30.0
"""A client must take a piece within this time."""

# -- running: connections, ageing, several gateways, traces --------------------------------------------------------

PROVIDER_RECONNECT_SECONDS: Final = 0.05
"""Pause before the one further attempt to connect."""
PROVIDER_CONNECTION_LIFE_SECONDS: Final = 600.0
"""A connection is not used longer than this, so that a new address or certificate takes effect."""
PROVIDER_POOLS: Final = 1_000
"""With more providers, those that nobody calls any more are forgotten."""
JOINED_BODY_BYTES: Final = 64 * 1024
"""A smaller body is written together with its head."""
INTERIM_ANSWERS: Final = 8
"""Most answers 1xx before the answer."""
OCSP_SECONDS: Final = 5.0
"""One question to an OCSP responder."""
OCSP_START_SECONDS: Final = 2.0
"""A starting gateway waits so long for statuses before it takes calls."""
OCSP_POLL_SECONDS: Final = 1.0
"""So often the gateway looks which certificates' status is to be asked."""
OCSP_RETRY_SECONDS: Final = 30.0
"""A responder that gave nothing is asked again after this time."""
OCSP_URGENT_SECONDS: Final = 2.0
"""The same where no status is known, or none that is fresh."""
OCSP_KEPT: Final = 10_000
"""Of so many responses of other gateways it is remembered that the database holds them."""
OCSP_AT_ONCE: Final = 8
"""Most questions to responders at the same time."""
SUCCESSOR_POLL_SECONDS: Final = 0.2
"""So often a worker looks whether its successor is there."""
GENERATION_SECONDS: Final = 5.0
"""Workers that start within this time start together."""
DRAIN_SECONDS: Final = 30.0
"""A worker with a successor keeps no connections for so long; it should have ended long before."""
PEER_DESCRIPTION_BYTES: Final = 4_096
"""Longest description of a message between gateways."""
PEER_OVERHEAD_BYTES: Final = 256 * 1024
"""Head, signature and proof of such a message, beside its body."""
PEER_SECONDS: Final = 5.0
"""So much longer than the service's own time-out the other gateway may take."""
METRIC_PAIRS: Final = 5_000
"""Most combinations of consumer, service and outcome that are counted apart."""
METRIC_SERVICES: Final = 500
"""Most services whose latency is measured apart."""
TRACED_PART: Final = 0.01
"""Part of the calls that are traced, where the client does not trace them itself."""
TRACES_PER_SECOND: Final = 50
"""Most traced calls; a client that marks each of its calls does not slow the others down."""
TRACES_CLOSE_SECONDS: Final = 3.0
STAMPS_POLL_SECONDS: Final = 10.0
"""So often the gateway looks how long signatures have been waiting for their time-stamp."""
STAMPS_WINDOW_SECONDS: Final = 60.0
"""A signature without a time-stamp is looked for from this long before the newest stamp on."""

# -- keeping: time-stamps, roots, archives, retention ------------------------------------------------------------

STAMP_LEAVES: Final = 512
"""Most signatures and links under one time-stamp (X-Road: 10,000). A tree is hashed again for each signature that is archived, which takes longer than another time-stamp."""
STAMP_SETTLE_SECONDS: Final = 2.0
"""What is younger waits for the next round, unless somebody asks for it at once: gateways' clocks may run ahead so far."""
STAMP_AHEAD_SECONDS: Final = 60.0
"""Asked at once, a time-stamp takes entries of gateways too whose clocks run ahead by no more than this."""
STAMP_WINDOW_SECONDS: Final = 600.0
"""So long before the newest stamped entry the minutely round looks for entries that became visible late; a commit is given up much earlier."""
STAMP_SWEEP_SECONDS: Final = 3 * 3600.0
"""So long the hourly round looks back."""
ROOTS_AT_ONCE: Final = 500
"""Most hours published in one round, after a long rest."""
ROOTS_LISTED: Final = 744
"""Most hours in one answer: a month."""
ARCHIVE_HOURS: Final = 6
"""Messages are archived by spans of the day of so many hours (X-Road: every six hours)."""
ARCHIVE_SETTLE_SECONDS: Final = 900.0
"""A span is archived when it has been over so long."""
ARCHIVE_BYTES: Final = 32 * 1024 * 1024
"""An archive is closed when its containers are larger together (X-Road: 32 MiB)."""
ARCHIVE_ROWS: Final = 200
"""So many messages are read at once."""
ARCHIVE_STORAGE_SECONDS: Final = 60.0
"""One write to the archive's storage."""
RETENTION_DAYS: Final = {"short": 30, "standard": 1095, "long": 3650}
"""How long messages are kept in the database, by class; archives and the access ledger stay."""
OCSP_DAYS: Final = 62
"""So much older than the oldest signature an OCSP response may be to be kept: longer than any policy lets one serve."""
TRAFFIC_DAYS: Final = 400
STRAY_DAYS: Final = 400
"""Rows without a partition whose ids are older than so many days stay where they are."""
PARTITION_LOCK_SECONDS: Final = 1.0
"""A change of partitions gives up when it would hold calls up longer; it is done in the next round."""
PRUNE_SECONDS: Final = 600.0
"""One look whether all of a partition is archived."""
CHECK_ROWS: Final = 500
"""Batches that are checked together."""
CHECK_SETTLE_SECONDS: Final = 60.0
"""What is younger is not checked: its commit may be under way."""
CHECK_FINDINGS: Final = 1_000
"""A check of the log names so many findings and counts the rest."""
EVIDENCE_MESSAGES: Final = 200
"""Most messages under one message id in one answer."""
EVIDENCE_RECORDS: Final = 1_000
"""So many records of one message id are looked at for those that the asker may see."""
EVIDENCE_MESSAGE_BYTES: Final = 32 * 1024 * 1024
"""Most bytes of messages in one answer; one message is always given."""
RECEIPT_MINUTES: Final = 10
"""A message is found by its receipt alone in so many minutes before and after the given time."""

# -- rights: documents, statements, rates and quotas, traffic -------------------------------------------------------

DOCUMENT_DEPTH: Final = 64
"""Levels of a JSON document that is filtered by fields."""
DOCUMENT_LOOP_BYTES: Final = 32 * 1024
"""A larger one is read beside the event loop, so that others do not wait for it."""
AUTHENTICATION_BYTES: Final = 4 * 1024
"""Longest statement of a citizen's authentication."""
AUTHENTICATION_SECONDS: Final = 900
"""Longest life of one, from ``iat`` to ``exp``."""
AUTHENTICATION_SKEW_SECONDS: Final = 30
"""How far the issuer's clock may differ."""
CONSENT_SKEW_SECONDS: Final = 30
"""How far the portal's clock may run ahead of the gateway's."""
CONSENTS_LOOKED_AT: Final = 50
"""So many consents of one person to one system for one service and purpose are looked at, the newest first."""
TRAFFIC_WRITE_SECONDS: Final = 10.0
QUOTA_SECONDS: Final = 2.0
"""So often counts of agreements with a rate or a quota are written, and those of other gateways read."""
TRAFFIC_KEYS: Final = 10_000
"""Most combinations of client, service, agreement and outcome that wait to be written; further ones are counted together."""
TRAFFIC_LATE_SECONDS: Final = 60.0
"""Counts of other gateways may be committed so much later than they say."""
TRAFFIC_CLOSE_SECONDS: Final = 3.0
BREAKER_FAILURES: Final = 5
"""So many failures in a row open a provider's breaker."""
BREAKER_WINDOW: Final = 40
"""So many of the last outcomes are looked at; with more than half of them failures it opens too."""
BREAKER_OPEN_SECONDS: Final = (2.0, 60.0)
"""It stays open so long at first and at most; doubled each time the probe fails."""
BREAKER_PROBE_SECONDS: Final = 60.0
"""A probe of which nobody heard again makes room for another after this time."""

# -- access ledger and consents ------------------------------------------------------------------------------------

NEW_READINGS: Final = 1_000
"""Most readings that are told of in one answer."""
LEDGER_SETTLE_SECONDS: Final = 90.0
"""A reading is told of when it could be seen for so long: longer than a commit may take and clocks may differ."""
LEDGER_ID_SECONDS: Final = 900.0
"""How far the moment in a reading's id may lie from that of the reading, for clocks that differ."""
USAGE_LIMIT: Final = 1_000
"""Readings in one answer to another portal, unless it asks for another number."""
USAGE_MOST: Final = 10_000
USAGE_OFFSET: Final = 2**31 - 1
CONSENT_DAYS: Final = 365
"""A consent ends after so many days, or with its agreement."""
CONSENTS: Final = 500
"""Most consents in one answer."""
TRAFFIC_LINES: Final = 200
"""Most lines of one table of traffic."""
TRAFFIC_SETTLE_HOURS: Final = 2
"""An hour of traffic is gathered into few rows when it has been over so long."""
TRAFFIC_GATHERED_HOURS: Final = 48
"""So many hours are looked at in one round, for a worker that rested."""
CALL_COUNT_DAYS: Final = 7
"""Calls of so many days are counted for the picture of who calls whom."""

# -- containers and archives of evidence, when they are read --------------------------------------------------------

CONTAINER_BYTES: Final = 128 * 1024 * 1024
"""Most bytes of a container, packed or unpacked."""
CONTAINER_ENTRIES: Final = 200
EVIDENCE_XML_BYTES: Final = 4 * 1024 * 1024
"""Largest XML part of a container."""
EVIDENCE_ARCHIVE_BYTES: Final = 1024 * 1024 * 1024
EVIDENCE_ARCHIVE_ENTRIES: Final = 200_000
HASH_CHAIN_DEPTH: Final = 64
"""Longest way from a message to the root (X-Road: 64)."""
HASH_CHAIN_STEPS: Final = 1_024
HASH_CHAIN_VALUES: Final = 10_000
CERTIFICATES_IN_PATH: Final = 5
SIGNING_CLOCK_SKEW_SECONDS: Final = 300
"""How far the clock of who signed may have run ahead of that of the time-stamping authority."""
