-- The index in an array of a blob's place, null when it is none.
-- Without SET search_path or SECURITY DEFINER, so that it is inlined: it is called for each reference.
--
-- Parameters: p_place, a number from 0.
create or replace function work.blob_place(p_place jsonb) returns integer
language sql immutable parallel safe
as $$
select case when p_place::text ~ '^[0-9]{1,6}$' then p_place::text::integer + 1 end
$$;
comment on function work.blob_place(jsonb) is
'Index in an array of a blob''s place, null when it is none';
alter function work.blob_place(jsonb) owner to pylayer_api;
revoke all on function work.blob_place(jsonb) from public;
