"""The SMS operator: an SMPP 3.4 server whose texts stay in an inbox that people and tests can read."""
