-- Notes in the session how far a claim has come, so that the next one begins there. Finished tasks leave dead entries at the
-- front of the index of ready tasks, which stay for as long as any session holds a transaction open; a claim that read many
-- more entries than it found tasks has met them. Once a second, or seldomer where looking takes longer, one begins at the front
-- again, and finds what was committed or given back behind. What lies less than 100 positions behind is always looked at: tasks
-- seldom become visible far out of order.
--
-- Parameters: p_noted, name of the setting; p_state, until when it holds, in ms, 0 when this was a look at everything; the last
--             position that there was at the look at everything before; a floor for each of p_size priorities and queues, in the
--             order of the look; p_nths and p_positions, which floors the tasks that were found concern, and their positions;
--             p_n, how many were looked for; p_started, when the look began.
create or replace function work.note_look(
  p_noted text, p_state bigint[], p_size integer, p_nths integer[], p_positions bigint[], p_n integer, p_started timestamptz
)
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_count integer := coalesce(cardinality(p_nths), 0);
  v_seen bigint := coalesce(p_state[2], 0);  -- what became ready before that look is visible by now, or soon found
begin
  for v_found in 1 .. v_count loop
    p_state[p_nths[v_found] + 2] := p_positions[v_found] - 100;
  end loop;
  if p_state[1] = 0 then
    for v_nth in 1 .. case when v_count < p_n then p_size else p_nths[v_count] - 1 end loop
      p_state[v_nth + 2] := coalesce(p_state[v_nth + 2], v_seen);
    end loop;
    p_state[1] := (1000 * extract(
      epoch from v_now + greatest(interval '1 second', least(20 * (v_now - p_started), interval '50 seconds'))
    ))::bigint;
    p_state[2] := (select s.last_value from work.task_positions as s);
  end if;
  perform set_config(p_noted, p_state::text, false);
end
$$;
comment on function work.note_look(text, bigint[], integer, integer[], bigint[], integer, timestamptz) is
'Notes in the session how far a claim has come';
alter function work.note_look(text, bigint[], integer, integer[], bigint[], integer, timestamptz) owner to pylayer_api;
revoke all on function work.note_look(text, bigint[], integer, integer[], bigint[], integer, timestamptz) from public;
