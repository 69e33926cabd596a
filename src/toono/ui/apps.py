from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "toono.ui"
    label = "ui"
