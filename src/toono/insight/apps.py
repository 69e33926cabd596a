from django.apps import AppConfig


class InsightConfig(AppConfig):
    name = "toono.insight"
    label = "insight"
