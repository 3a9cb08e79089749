-- Removes those of some blobs that no thread uses, but for rows that somebody else has locked.
--
-- Two statements on purpose: the second sees each use that was committed before the lock of the first; none can come after.
--
-- Parameters: p_blobs, numbers of blobs; null is none.
-- Returns:    how many were removed.
-- Tables:     work.checkpoint_blobs (rows locked where nobody has, deleted), work.checkpoint_blob_uses (read).
-- Repeat:     safe.
create or replace function work.remove_blobs_without_use(p_blobs bigint[]) returns bigint
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_locked bigint[];
  v_removed bigint;
begin
  select array_agg(l.blob_id) into v_locked
  from (
    select b.blob_id from work.checkpoint_blobs as b
    where b.blob_id = any(p_blobs)
      and not exists (select from work.checkpoint_blob_uses as u where u.blob_id = b.blob_id)
    order by b.content_hash, b.serde_type
    for update skip locked
  ) as l;
  delete from work.checkpoint_blobs as b
  where b.blob_id = any(v_locked)
    and not exists (select from work.checkpoint_blob_uses as u where u.blob_id = b.blob_id);
  get diagnostics v_removed = row_count;
  return v_removed;
end
$$;
comment on function work.remove_blobs_without_use(bigint[]) is
'Removes those of some blobs that no thread uses, but for rows that somebody else has locked';
alter function work.remove_blobs_without_use(bigint[]) owner to pylayer_api;
revoke all on function work.remove_blobs_without_use(bigint[]) from public;
