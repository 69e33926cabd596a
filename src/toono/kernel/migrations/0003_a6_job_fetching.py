from django.db import migrations

FETCH = """
CREATE INDEX toono_jobs_by_lock ON procrastinate_jobs (lock) WHERE lock IS NOT NULL;
-- The queue's own question joins all waiting jobs with all waiting jobs: with ten thousand of them the next one is found in half a second.
-- This one asks the same, one job after another in their order, until the first that may begin. The planner is told so, since a queue that
-- fills within seconds is not what its statistics say. CASE keeps it from indexes that do not begin with the lock.
CREATE OR REPLACE FUNCTION procrastinate_fetch_job_v2(target_queue_names character varying[], p_worker_id bigint)
RETURNS procrastinate_jobs LANGUAGE plpgsql SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  wanted bigint;
  found_job procrastinate_jobs;
BEGIN
  SELECT jobs.id INTO wanted FROM procrastinate_jobs AS jobs
  WHERE jobs.status = 'todo'
    AND (target_queue_names IS NULL OR jobs.queue_name = ANY(target_queue_names))
    AND (jobs.scheduled_at IS NULL OR jobs.scheduled_at <= now())
    AND (jobs.lock IS NULL OR NOT EXISTS (
      SELECT 1 FROM procrastinate_jobs AS others WHERE others.lock = jobs.lock AND CASE others.status
        WHEN 'doing' THEN true
        WHEN 'todo' THEN others.priority > jobs.priority OR (others.priority = jobs.priority AND others.id < jobs.id)
        ELSE false END))
  ORDER BY jobs.priority DESC, jobs.id LIMIT 1 FOR UPDATE OF jobs SKIP LOCKED;
  UPDATE procrastinate_jobs SET status = 'doing', worker_id = p_worker_id WHERE id = wanted RETURNING * INTO found_job;
  RETURN found_job;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_decreed_days"), ("procrastinate", "0041_post_retry_failed_job")]

    operations = [migrations.RunSQL(FETCH, migrations.RunSQL.noop)]
