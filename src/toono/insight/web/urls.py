from django.urls import path

from toono.insight.web import views

app_name = "insight"
urlpatterns = [
    path("figures", views.figures, name="figures"),
    path("figures.csv", views.export, name="export"),
]
