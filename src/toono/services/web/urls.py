from django.urls import path

from toono.services.web import views

app_name = "services"
urlpatterns = [
    path("d/<str:code>", views.checked_document, name="checked_document"),
    path("verify", views.verify, name="verify"),
    path("verify/offline", views.offline, name="offline"),
    path("verify/check.js", views.check_script, name="check_script"),
    path("verify/worker.js", views.check_worker, name="check_worker"),
    path(".well-known/toono-documents.json", views.document_keys, name="document_keys"),
    path("api/verify/<str:code>", views.verify_json, name="verify_json"),
]
