-- What a call of a model costs by its list price, in USD.
--
-- Parameters:
--   p_model                name as the provider's answer gives it. Its price is that of the model of this name, else of the
--                          longest name before a -, @ or : in it: gpt-4o-2024-08-06 is gpt-4o
--   p_input_tokens         all input tokens, the cached ones too
--   p_cached_input_tokens  those of them that the provider read from its cache
--   p_output_tokens        output tokens
--   p_at                   when the call was made
-- Returns: the estimate, to 9 decimals; null when there is none: no such model, or counts that cannot be (a negative
--          one, more cached than input, null).
-- Tables:  ai.models (read).
create or replace function ai.cost_usd_est(
  p_model text,
  p_input_tokens bigint,
  p_cached_input_tokens bigint,
  p_output_tokens bigint,
  p_at timestamptz default now()
) returns numeric
language sql stable strict parallel safe security definer  -- definer on purpose: agents hold no right on tables
set search_path = pg_catalog, pg_temp
as $$
  select round(
    (
      (p_input_tokens - p_cached_input_tokens) * m.input_usd_per_mtok
      + p_cached_input_tokens * m.cached_input_usd_per_mtok
      + p_output_tokens * m.output_usd_per_mtok
    ) * 0.000001,  -- exact, as a division need not be
    9
  )
  from ai.models as m
  where p_cached_input_tokens between 0 and p_input_tokens
    and p_output_tokens >= 0
    and m.valid_from <= p_at
    and (
      m.model = p_model
      or (starts_with(p_model, m.model) and substr(p_model, length(m.model) + 1, 1) in ('-', '@', ':'))
    )
  order by length(m.model) desc, m.valid_from desc
  limit 1
$$;
comment on function ai.cost_usd_est(text, bigint, bigint, bigint, timestamptz) is
'What a call of a model costs by its list price at a time, USD; null when that is not known';
alter function ai.cost_usd_est(text, bigint, bigint, bigint, timestamptz) owner to pylayer_api;
revoke all on function ai.cost_usd_est(text, bigint, bigint, bigint, timestamptz) from public;
grant execute on function ai.cost_usd_est(text, bigint, bigint, bigint, timestamptz)
to pylayer_admin, pylayer_agent, pylayer_analyst, pylayer_auditor;
