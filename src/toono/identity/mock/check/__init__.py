"""The check of a developer's client: a list of cases, each a sign-in that is answered in one wrong way, and a look at what the client does next."""
