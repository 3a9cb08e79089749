-- Writes the price that a model has from a time on. What was written never changes: a correction is a later time.
--
-- Parameters:
--   p_model, p_provider          name of the model, without the date of a snapshot; who sells it
--   p_input_usd_per_mtok         USD per million input tokens, 0 to 1000000, at most 6 decimals; so the other prices
--   p_output_usd_per_mtok        of output tokens
--   p_valid_from                 from when on the price holds, until the model's next one
--   p_cached_input_usd_per_mtok  of input tokens read from the provider's cache; null is that of input
-- Returns: whether this call wrote it.
-- Errors:  PT400 invalid_model, invalid_price, invalid_time; PT409 price_exists: the model has another price from then on.
-- Tables:  ai.models (inserted).
-- Repeat:  safe with the same values.
create or replace function ai.set_model_price(
  p_model text,
  p_provider text,
  p_input_usd_per_mtok numeric,
  p_output_usd_per_mtok numeric,
  p_valid_from timestamptz,
  p_cached_input_usd_per_mtok numeric default null
) returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: the admin holds no write right on the table
set search_path = pg_catalog, pg_temp
as $$
declare
  v_cached numeric := coalesce(p_cached_input_usd_per_mtok, p_input_usd_per_mtok);
begin
  if (p_model ~ '^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$' and p_provider ~ '^[a-z][a-z0-9_.-]{0,62}$') is not true then
    raise exception using
      errcode = 'PT400', message = 'the model or its provider is malformed', constraint = 'invalid_model',
      detail = format('%s of %s', left(p_model, 200), left(p_provider, 63)),
      hint = 'a model is up to 200 of A-Z, a-z, 0-9, ., _, :, /, @ and -, a provider a lower-case word';
  elsif (
    select bool_and(v.price between 0 and 1000000 and min_scale(v.price) <= 6) is not true or count(v.price) < 3
    from (values (p_input_usd_per_mtok), (v_cached), (p_output_usd_per_mtok)) as v (price)
  ) then
    raise exception using
      errcode = 'PT400', message = 'a price is missing or out of range', constraint = 'invalid_price',
      detail = left(format('input %s, cached %s, output %s', p_input_usd_per_mtok, v_cached, p_output_usd_per_mtok), 200),
      hint = 'USD per million tokens, 0 to 1000000, with at most 6 decimals';
  elsif (p_valid_from between '1970-01-01 00:00:00+00' and '9999-12-31 00:00:00+00') is not true then
    raise exception using
      errcode = 'PT400', message = 'the time is missing or out of range', constraint = 'invalid_time',
      detail = coalesce(p_valid_from::text, 'null'), hint = 'from 1970 to 9999';
  end if;
  insert into ai.models (
    model, valid_from, provider, input_usd_per_mtok, cached_input_usd_per_mtok, output_usd_per_mtok
  ) values (p_model, p_valid_from, p_provider, p_input_usd_per_mtok, v_cached, p_output_usd_per_mtok)
  on conflict do nothing;
  if found then
    return true;
  end if;
  if not exists (
    select from ai.models as m
    where m.model = p_model
      and m.valid_from = p_valid_from
      and m.provider = p_provider
      and m.input_usd_per_mtok = p_input_usd_per_mtok
      and m.cached_input_usd_per_mtok = v_cached
      and m.output_usd_per_mtok = p_output_usd_per_mtok
  ) then
    raise exception using
      errcode = 'PT409', message = 'the model has another price from then on', constraint = 'price_exists',
      detail = format('%s from %s', p_model, p_valid_from), hint = 'prices never change: write the right one from a later time on';
  end if;
  return false;
end
$$;
comment on function ai.set_model_price(text, text, numeric, numeric, timestamptz, numeric) is
'Writes the price that a model has from a time on; safe to repeat. Errors: PT400, PT409 price_exists';
alter function ai.set_model_price(text, text, numeric, numeric, timestamptz, numeric) owner to pylayer_api;
revoke all on function ai.set_model_price(text, text, numeric, numeric, timestamptz, numeric) from public;
grant execute on function ai.set_model_price(text, text, numeric, numeric, timestamptz, numeric) to pylayer_admin;
