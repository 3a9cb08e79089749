-- Refuses ids that the tables of checkpoints cannot hold.
--
-- Parameters: p_checkpoint_ns, at most 1000 bytes; p_checkpoint_id, 1 to 500 bytes.
-- Errors:     PT400 invalid_checkpoint_ns, invalid_checkpoint_id.
create or replace function work.check_checkpoint_key(p_checkpoint_ns text, p_checkpoint_id text) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_checkpoint_ns is null or octet_length(p_checkpoint_ns) > 1000 then
    raise exception using
      errcode = 'PT400', message = 'checkpoint_ns is missing or too long', constraint = 'invalid_checkpoint_ns',
      detail = format('%s bytes', octet_length(p_checkpoint_ns)), hint = 'the root graph''s is empty; at most 1000 bytes';
  end if;
  if p_checkpoint_id is null or octet_length(p_checkpoint_id) not between 1 and 500 then
    raise exception using
      errcode = 'PT400', message = 'checkpoint_id is missing or too long', constraint = 'invalid_checkpoint_id',
      detail = format('%s bytes', octet_length(p_checkpoint_id)), hint = 'give 1 to 500 bytes of text';
  end if;
end
$$;
comment on function work.check_checkpoint_key(text, text) is
'Refuses ids that the tables of checkpoints cannot hold. Errors: PT400 invalid_checkpoint_ns, invalid_checkpoint_id';
alter function work.check_checkpoint_key(text, text) owner to pylayer_api;
revoke all on function work.check_checkpoint_key(text, text) from public;
