"""Django's settings, all derived from :mod:`toono.kernel.settings`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from toono.kernel.settings import settings as _settings

_s = _settings()
_db = urlsplit(_s.database_dsn)
_source = Path(__file__).resolve().parents[1]

DEBUG = _s.debug
SECRET_KEY = _s.session_key
ALLOWED_HOSTS = sorted(
    {urlsplit(_s.base_url).hostname or "", urlsplit(_s.inner_base_url).hostname or "", _s.host, "localhost", "127.0.0.1"} - {""}
)
CSRF_TRUSTED_ORIGINS = [_s.base_url]
ROOT_URLCONF = "toono.entry.urls"
WSGI_APPLICATION = "toono.entry.web.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

ROOMS = [
    "kernel",
    "ui",
    "pki",
    "registry",
    "exchange",
    "geo",
    "identity",
    "notifications",
    "payments",
    "services",
    "feedback",
    "insight",
    "channels",
]
INSTALLED_APPS = [
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    *[f"toono.{room}" for room in ROOMS],
    "toono.entry",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "toono.ui.middleware.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "toono.ui.middleware.Language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "toono.ui.middleware.Errors",
    "toono.channels.middleware.Actors",
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _db.path.lstrip("/"),
        "USER": unquote(_db.username or ""),
        "PASSWORD": unquote(_db.password or ""),
        "HOST": _db.hostname or "",
        "PORT": str(_db.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, "options": "-c statement_timeout=15000 -c lock_timeout=5000 -c timezone=UTC"},
    }
}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "toono.ui.jinja.environment",
            "context_processors": ["toono.ui.jinja.page_context"],
        },
    }
]

LANGUAGE_CODE = "mn"
LANGUAGES = [("mn", "Монгол"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = _source / "ui" / "static" / "root"
STATICFILES_DIRS: list[Path] = []
WHITENOISE_MAX_AGE = 31_536_000
WHITENOISE_USE_FINDERS = False
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/.+\.[0-9a-f]{12}\."

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-toono" if _s.secure else "toono_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = _s.secure
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = _s.sessions_idle_minutes * 60
SESSION_SAVE_EVERY_REQUEST = False
CSRF_COOKIE_NAME = "__Host-csrf" if _s.secure else "toono_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = _s.secure
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "toono.ui.views.form_expired"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": _s.log_level},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "procrastinate": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "pyhanko": {"level": "WARNING"},
        "pyhanko_certvalidator": {"level": "ERROR"},
    },
}
