from django.urls import path

from toono.services.web import views

app_name = "services"
urlpatterns = [
    path("d/<str:code>", views.checked_document, name="checked_document"),
    path("verify", views.verify, name="verify"),
    path("api/verify/<str:code>", views.verify_json, name="verify_json"),
]
