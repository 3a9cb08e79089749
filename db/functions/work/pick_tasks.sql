-- Finds and locks the ready tasks that a worker is to get next: first those of the least priority number, among them queue by
-- queue as the worker names them, among those the oldest. The cost depends neither on finished nor on waiting tasks.
--
-- Parameters: as work.claim_tasks, which have been checked.
-- Returns:    the places of their rows, in the order in which they are to run; null when there is none.
-- Plan:       made with the settings of work.complete_tasks, the only caller.
-- Tables:     work.queues (read), work.task_executions (rows locked, skipping locked ones), in queues that make every change an
--             event then telemetry.workflow_events.
create or replace function work.pick_tasks(p_worker text, p_queues text[], p_n integer)
returns tid[]
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
  v_queues text[];
  v_has_events boolean;
  v_noted text;  -- the setting that says where this session's claims in these queues begin, when not at the front
  v_note text;
  v_state bigint[];  -- as work.note_look keeps it
  v_read bigint := pg_stat_get_xact_tuples_returned('work.task_executions_ready_idx'::regclass);
  v_places tid[];
  v_nths integer[];
  v_positions bigint[];
  v_count integer;
begin
  select array_agg(q.queue order by array_position(p_queues, q.queue)), bool_or(q.events = 'all')
  into v_queues, v_has_events
  from work.queues as q
  where q.queue = any(p_queues) and q.paused_at is null;
  if v_queues is null then
    return null;
  end if;
  v_noted := 'pylayer.claims_' || md5(v_queues::text);
  v_note := current_setting(v_noted, true);
  if v_note <> '' and pg_input_is_valid(v_note, 'bigint[]') then  -- not when somebody else wrote it
    v_state := v_note::bigint[];
  end if;
  if (v_state[1] between extract(epoch from v_now) * 1000 and extract(epoch from v_now) * 1000 + 60000) is not true then
    v_state := array[0, v_state[2]];
  end if;

  select array_agg(s.place), array_agg(s.nth), array_agg(s.position)
  into v_places, v_nths, v_positions
  from (
    select f.nth, t.place, t.position
    from generate_series(1, 10 * cardinality(v_queues)) as f (nth)
    cross join lateral (
      select r.ctid as place, r.position from work.task_executions as r
      where r.status = 'ready'
        and r.queue = v_queues[(f.nth - 1) % cardinality(v_queues) + 1]
        and r.priority = (f.nth - 1) / cardinality(v_queues)
        and r.position > coalesce(v_state[f.nth + 2], 0)
      order by r.position
      limit p_n
      for no key update skip locked
    ) as t
    limit p_n
  ) as s;
  v_count := coalesce(cardinality(v_places), 0);
  v_read := pg_stat_get_xact_tuples_returned('work.task_executions_ready_idx'::regclass) - v_read;
  if v_state[1] > 0 or v_read > 3 * p_n + 100 then
    perform work.note_look(
      p_noted => v_noted, p_state => v_state, p_size => 10 * cardinality(v_queues), p_nths => v_nths,
      p_positions => v_positions, p_n => p_n, p_started => v_now
    );
  elsif v_note <> '' then
    perform set_config(v_noted, '', false);
  end if;
  if v_count = 0 then
    return null;
  end if;
  if v_has_events then
    perform work.store_task_events(p_changes => array(
      select row(
        t.execution_id, t.queue, 'ready', 'running', t.run_id, t.workflow_name, t.project_id, null, null, p_worker,
        t.scheduled_at
      )::work.task_change
      from work.task_executions as t
      where t.ctid = any(v_places)
    ));
  end if;
  return v_places;
end
$$;
comment on function work.pick_tasks(text, text[], integer) is
'Finds and locks the ready tasks that a worker is to get next';
alter function work.pick_tasks(text, text[], integer) owner to pylayer_api;
revoke all on function work.pick_tasks(text, text[], integer) from public;
