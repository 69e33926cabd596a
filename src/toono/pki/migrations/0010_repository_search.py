from django.db import migrations

PUBLIC = "profile IN ('issuing', 'issuing_persons', 'issuing_servers', 'root', 'seal', 'exchange', 'server', 'timestamp', 'ocsp', 'trusted_list')"
INDEXES = f"""
CREATE INDEX pki_repository_words ON pki_certificate
  USING gin (upper(organisation::text) gin_trgm_ops, upper(common_name::text) gin_trgm_ops) WITH (fastupdate = off) WHERE {PUBLIC};
CREATE INDEX pki_repository_numbers ON pki_certificate (register_number) WHERE {PUBLIC};
CREATE INDEX pki_repository_newest ON pki_certificate (issued_at DESC, serial) WHERE {PUBLIC};
-- Tell a word that many names have, for which the newest are read until there are enough, from one that few have.
CREATE STATISTICS pki_repository_organisations ON (upper(organisation::text)) FROM pki_certificate;
CREATE STATISTICS pki_repository_names ON (upper(common_name::text)) FROM pki_certificate;
"""
NO_INDEXES = """
DROP STATISTICS pki_repository_organisations, pki_repository_names;
DROP INDEX pki_repository_words, pki_repository_numbers, pki_repository_newest;
"""


class Migration(migrations.Migration):
    """The repository is searched by words inside names, whose count must not matter; certificates of natural persons stand in none of these."""

    dependencies = [("pki", "0009_a4_file_signing")]

    operations = [migrations.RunSQL(INDEXES, NO_INDEXES)]
