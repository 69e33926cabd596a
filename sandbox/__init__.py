"""The outside world for development: agencies' registers and an SMS operator. Imports nothing of Toono."""
