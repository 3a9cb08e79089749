-- Blobs that an object of references refers to, each as often as it does.
-- Without SET search_path or SECURITY DEFINER, so that it is inlined: it is called for each row of a thread.
--
-- Parameters: p_values, an object whose values are references (a number, a string, or an array of both).
create or replace function work.referenced_blob_ids(p_values jsonb) returns setof bigint
language sql immutable parallel safe
as $$
select v.id::text::bigint from jsonb_path_query(p_values, '$.*[*] ? (@.type() == "number")') as v (id)
$$;
comment on function work.referenced_blob_ids(jsonb) is
'Blobs that an object of references refers to, each as often as it does';
alter function work.referenced_blob_ids(jsonb) owner to pylayer_api;
revoke all on function work.referenced_blob_ids(jsonb) from public;
