"""The protocol of the OpenID Provider: values in, values out. One specification, one file; an endpoint is a table of named checks.

Nothing here knows a web framework or a database; what must be remembered goes through :class:`~.storage.Storage`.
"""
