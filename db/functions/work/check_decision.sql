-- Refuses a decision that cannot be recorded.
--
-- Parameters: as work.record_decision.
-- Errors:     PT400 invalid_decision, invalid_decision_id; PT413 decision_limit.
create or replace function work.check_decision(
  p_title text, p_decision text, p_rationale text, p_alternatives jsonb, p_decision_id text
) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if (length(btrim(p_title)) between 1 and 500 and length(p_title) <= 500) is not true
    or (octet_length(p_decision) > 0) is not true
    or jsonb_typeof(p_alternatives) <> 'array'
  then
    raise exception using
      errcode = 'PT400', message = 'a decision needs a title and a text', constraint = 'invalid_decision',
      detail = format(
        'title of %s characters, decision of %s bytes, alternatives %s', length(p_title), octet_length(p_decision),
        jsonb_typeof(p_alternatives)
      ),
      hint = 'a title of 1 to 500 characters, what was decided, and an array of alternatives or none';
  end if;
  if p_decision_id !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'decision_id is not a ULID', constraint = 'invalid_decision_id',
      detail = left(p_decision_id, 64), hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  if greatest(octet_length(p_decision), octet_length(p_rationale), pg_column_size(p_alternatives)) > 262144 then
    raise exception using
      errcode = 'PT413', message = 'a text of the decision is too large', constraint = 'decision_limit',
      detail = format(
        'bytes: decision %s, rationale %s, alternatives %s, limit of each 262144', octet_length(p_decision),
        octet_length(p_rationale), pg_column_size(p_alternatives)
      ),
      hint = 'attach what is large as an artifact';
  end if;
end
$$;
comment on function work.check_decision(text, text, text, jsonb, text) is
'Refuses a decision that cannot be recorded. Errors: PT400 invalid_decision, invalid_decision_id, PT413 decision_limit';
alter function work.check_decision(text, text, text, jsonb, text) owner to pylayer_api;
revoke all on function work.check_decision(text, text, text, jsonb, text) from public;
