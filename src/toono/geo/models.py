"""The one table of geo."""

from __future__ import annotations

from django.db import models


class AdministrativeUnit(models.Model):
    """A unit of the administrative division; written by the loader only."""

    code = models.CharField(primary_key=True, max_length=6)
    level = models.CharField(max_length=10)
    kind = models.CharField(max_length=10)
    name_mn = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    parent_code = models.CharField(max_length=4, null=True)
    iso_3166_2 = models.CharField(max_length=6, null=True)
    sort_key = models.CharField(max_length=200)
    """Order of the Mongolian alphabet, numbers inside names by value."""
    folded = models.CharField(max_length=250)
    """Both names with look-alikes made equal, for search."""

    class Meta:
        indexes = [
            models.Index(fields=["parent_code", "sort_key"], name="geo_children"),
            models.Index(fields=["level", "sort_key"], name="geo_level"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name_mn}"
