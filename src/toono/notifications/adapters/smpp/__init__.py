"""The SMS operator by SMPP 3.4. :func:`operator.connection` is the one connection of this process."""
