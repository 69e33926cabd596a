from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "toono.channels"
    label = "channels"

    def ready(self) -> None:
        from toono.channels.frame import unread
        from toono.ui.api import add_to_pages

        add_to_pages("unread", unread)
