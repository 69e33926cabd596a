"""Rules of the console: what a refusal means, what a registration may ask without approval, how much is written of a flood."""
