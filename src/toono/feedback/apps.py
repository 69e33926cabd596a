from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    name = "toono.feedback"
    label = "feedback"
