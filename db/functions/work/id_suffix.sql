-- The last three characters of the ids of a batch. Without SET search_path, so that it is inlined.
--
-- Parameters: p_nth, place in the batch, below 32768.
create or replace function work.id_suffix(p_nth integer)
returns text
language sql immutable strict parallel safe
as $$
  select substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (p_nth >> 10) + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_nth >> 5) & 31) + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (p_nth & 31) + 1, 1)
$$;
comment on function work.id_suffix(integer) is
'The last three characters of the ids of a batch';
alter function work.id_suffix(integer) owner to pylayer_api;
revoke all on function work.id_suffix(integer) from public;
