-- Blobs that the writes of a task refer to, each as often as they do.
-- Without SET search_path or SECURITY DEFINER, so that it is inlined: it is called for each row of a thread.
--
-- Parameters: p_writes, an object whose values are [channel, reference].
create or replace function work.referenced_write_blob_ids(p_writes jsonb) returns setof bigint
language sql immutable parallel safe
as $$
select v.id::text::bigint from jsonb_path_query(p_writes, '$.*[1][*] ? (@.type() == "number")') as v (id)
$$;
comment on function work.referenced_write_blob_ids(jsonb) is
'Blobs that the writes of a task refer to, each as often as they do';
alter function work.referenced_write_blob_ids(jsonb) owner to pylayer_api;
revoke all on function work.referenced_write_blob_ids(jsonb) from public;
