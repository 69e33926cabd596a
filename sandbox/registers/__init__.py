"""The other registers: sixteen agencies' answers about the same invented people, made on the fly from the hash of whom they are about."""
