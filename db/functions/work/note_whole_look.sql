-- Notes in the session how far a claim has come that looked at everything, and until when claims begin there. Finished tasks
-- leave dead entries at the front of the index, which stay for as long as any session holds a transaction open: so a claim
-- begins where the last one of its session ended. Once a second, or seldomer where looking takes longer, one begins at the
-- front again, and finds what was committed or given back behind it. What lies less than 100 positions behind is always
-- looked at: tasks seldom become visible far out of order.
--
-- Parameters: p_noted, name of the setting; p_state, as work.claim_tasks keeps it, with the last position that there was at
--             the whole look before this one; p_exhausted, elements of it before this one had no task left; p_started, when
--             the look began.
create or replace function work.note_whole_look(p_noted text, p_state bigint[], p_exhausted integer, p_started timestamptz)
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_seen bigint := coalesce(p_state[2], 0);  -- what became ready before that look is visible by now, or soon found
begin
  for v_nth in 3 .. least(p_exhausted, cardinality(p_state)) loop
    p_state[v_nth] := case when p_state[v_nth] = 0 then v_seen else p_state[v_nth] end;
  end loop;
  p_state[1] := (1000 * extract(
    epoch from v_now + greatest(interval '1 second', least(20 * (v_now - p_started), interval '50 seconds'))
  ))::bigint;
  p_state[2] := (select s.last_value from work.task_positions as s);
  perform set_config(p_noted, p_state::text, false);
end
$$;
comment on function work.note_whole_look(text, bigint[], integer, timestamptz) is
'Notes in the session how far a claim has come that looked at everything';
alter function work.note_whole_look(text, bigint[], integer, timestamptz) owner to pylayer_api;
revoke all on function work.note_whole_look(text, bigint[], integer, timestamptz) from public;
