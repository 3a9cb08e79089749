-- Removes blobs that no thread uses and that were locked, or not there yet, when their last use was removed.
--
-- Parameters: p_limit, most blobs, 1 to 100000.
-- Returns:    how many were removed; fewer than p_limit: there are no more for now.
-- Errors:     PT400 invalid_limit.
-- Tables:     work.checkpoint_blobs (rows locked where nobody has, deleted), work.checkpoint_blob_uses (read).
-- Repeat:     safe.
create or replace function work.remove_unused_checkpoint_blobs(p_limit integer default 10000) returns bigint
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: admins hold no right to write tables
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 100000);
  return work.remove_blobs_without_use(p_blobs => array(
    select b.blob_id from work.checkpoint_blobs as b
    where not exists (select from work.checkpoint_blob_uses as u where u.blob_id = b.blob_id)
    limit p_limit
  ));
end
$$;
comment on function work.remove_unused_checkpoint_blobs(integer) is
'Removes blobs that no thread uses. Errors: PT400 invalid_limit';
alter function work.remove_unused_checkpoint_blobs(integer) owner to pylayer_api;
revoke all on function work.remove_unused_checkpoint_blobs(integer) from public;
grant execute on function work.remove_unused_checkpoint_blobs(integer) to pylayer_admin;
