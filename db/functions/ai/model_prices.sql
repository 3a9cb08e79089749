-- The price of each model at a time.
--
-- Parameters: p_at, the time.
-- Returns:    a row for each model that has a price by then, by name; USD per million tokens.
-- Tables:     ai.models (read).
create or replace function ai.model_prices(p_at timestamptz default now()) returns setof ai.model_price
language sql stable parallel safe security definer  -- definer on purpose: agents hold no right on tables
set search_path = pg_catalog, pg_temp
as $$
  select distinct on (m.model)
    m.model,
    m.provider,
    m.valid_from,
    m.input_usd_per_mtok,
    m.cached_input_usd_per_mtok,
    m.output_usd_per_mtok
  from ai.models as m
  where m.valid_from <= p_at
  order by m.model, m.valid_from desc
$$;
comment on function ai.model_prices(timestamptz) is 'The price of each model at a time (default: now), USD per million tokens';
alter function ai.model_prices(timestamptz) owner to pylayer_api;
revoke all on function ai.model_prices(timestamptz) from public;
grant execute on function ai.model_prices(timestamptz) to pylayer_admin, pylayer_agent, pylayer_analyst, pylayer_auditor;
