"""A call under an idempotency key says until when it may still be answered, so that one whose gateway failed does not look as if it were under way for ever."""

from django.db import migrations, models

FORWARDS = """
DROP FUNCTION exchange_stored_answer(bytea);
CREATE FUNCTION exchange_stored_answer(key bytea)
RETURNS TABLE (request_id uuid, message_id text, held_until timestamptz, fingerprint bytea, status integer, head bytea, body bytea, reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT n.request_id, asked.message_id, coalesce(n.held_until, n.expires_at - interval '23 hours'), n.fingerprint, told.status, told.head, told.body, told.reason
    FROM exchange_seennonce n
    LEFT JOIN exchange_messagerecord asked ON asked.request_id = n.request_id AND asked.direction = 'request'
    LEFT JOIN exchange_messagerecord told ON told.request_id = n.request_id AND told.direction = 'response'
    WHERE n.nonce = key AND n.request_id IS NOT NULL
    ORDER BY told.id, asked.id LIMIT 1
$$;
REVOKE ALL ON FUNCTION exchange_stored_answer(bytea) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("exchange", "0002_partitions_and_guards")]

    operations = [
        migrations.AddField("seennonce", "held_until", models.DateTimeField(null=True)),
        migrations.RunSQL(FORWARDS, migrations.RunSQL.noop),
    ]
