-- What is attached to an item, oldest first.
--
-- Parameters: p_item_id; p_limit, most rows, 1 to 1000.
-- Returns:    the attachments in order (created_at, then artifact and version).
-- Errors:     PT400 invalid_limit; PT404 no_item.
-- Tables:     work.items, work.attachments (read).
create or replace function work.list_attachments(p_item_id text, p_limit integer default 100)
returns setof work.attachment_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  return query
  select t.item_id, t.artifact_id::text, t.version, t.label, t.attached_by, t.created_at
  from work.attachments as t
  where t.item_id = p_item_id and t.detached_at is null
  order by t.created_at, t.artifact_id, t.version
  limit p_limit;
end
$$;
comment on function work.list_attachments(text, integer) is
'What is attached to an item, oldest first. Errors: PT400 invalid_limit, PT404 no_item';
alter function work.list_attachments(text, integer) owner to pylayer_api;
revoke all on function work.list_attachments(text, integer) from public;
grant execute on function work.list_attachments(text, integer) to pylayer_agent, pylayer_analyst, pylayer_auditor;
