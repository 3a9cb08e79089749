-- What scripts share; tests/test_pgtap.py makes it in the schema of pgTAP, before any script.

-- "accepted", or the SQLSTATE and the reason with which a statement fails; nothing of a failed one remains.
create function tap.outcome(p_sql text) returns text
language plpgsql volatile
as $$
declare
  v_reason text;
begin
  execute p_sql;
  return 'accepted';
exception when others then
  get stacked diagnostics v_reason = constraint_name;
  return trim(sqlstate || ' ' || v_reason);
end
$$;

-- A good event with an id of a time, changed at its top level.
create function tap.event(p_changes jsonb default '{}', p_at timestamptz default clock_timestamp()) returns jsonb
language sql volatile
as $$
  select jsonb_build_object(
    'event_id', core.new_ulid(p_at),
    'event_name', 'workflow.flow_issue',
    'payload', '{"issue_type": "handoff", "impact": "low"}'::jsonb
  ) || p_changes
$$;
