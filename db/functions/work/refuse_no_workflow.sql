-- Says that a workflow or a version was not found.
--
-- Parameters: p_workflow_id, p_version: what was looked for.
-- Errors:     always PT404 no_workflow.
create or replace function work.refuse_no_workflow(p_workflow_id text, p_version text) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'PT404', message = 'there is no such workflow or version', constraint = 'no_workflow',
    detail = format('workflow %s, version %s', coalesce(left(p_workflow_id, 200), 'null'), coalesce(left(p_version, 64), 'null')),
    hint = 'work.list_workflows shows them; ranges and latest find active versions only';
end
$$;
comment on function work.refuse_no_workflow(text, text) is
'Raises the error of a workflow or version that was not found';
alter function work.refuse_no_workflow(text, text) owner to pylayer_api;
revoke all on function work.refuse_no_workflow(text, text) from public;
