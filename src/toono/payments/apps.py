from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "toono.payments"
    label = "payments"
