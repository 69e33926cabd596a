"""Dialects: translations at the door (:class:`~toono.exchange.gateway.call.Dialect`). What stands between them, rights and evidence, is the same for all."""
