"""A service tried without a database: the persona's registers, the form, the clock, the workflow, by the rules of production."""
