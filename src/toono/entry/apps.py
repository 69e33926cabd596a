from django.apps import AppConfig


class EntryConfig(AppConfig):
    name = "toono.entry"
    label = "entry"

    def ready(self) -> None:
        from toono.entry import subscriptions

        subscriptions.connect()
