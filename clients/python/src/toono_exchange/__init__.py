"""Client of the Toono data exchange (native API)."""

from toono_exchange.client import Answer, Client
from toono_exchange.errors import ExchangeError, Refused, Unavailable, Untrusted

__all__ = ["Answer", "Client", "ExchangeError", "Refused", "Unavailable", "Untrusted"]
